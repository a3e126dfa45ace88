#include "driver/control.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *control(int port, const char *path)
{
    static char answer[4096];
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        err(1, "the stub on port %d", port);
    if (dprintf(fd, "GET %s HTTP/1.1\r\n\r\n", path) < 0)
        err(1, "asking the stub");
    size_t size = 0;
    for (;;) {
        ssize_t n = read(fd, answer + size, sizeof answer - 1 - size);
        if (n <= 0)
            errx(1, "the stub did not answer %s", path);
        size += (size_t)n;
        answer[size] = '\0';
        const char *length = strcasestr(answer, "content-length:"),
                   *body = strstr(answer, "\r\n\r\n");
        if (length && body && strlen(body + 4) >= strtoul(length + 15, NULL, 10)) {
            close(fd);
            return body + 4;
        }
    }
}
