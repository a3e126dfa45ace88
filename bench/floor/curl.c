/// The floor of the work: MCP over standard streams, libcurl multi towards the API, no JSON and no
/// Lua. What is slower than this is the price of understanding what one forwards.
#include "floor/call.h"
#include "floor/message.h"
#include "floor/transfer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

static struct buf in, out;
static int poller;

static void take(const struct message *m)
{
    static bool opened;
    if (m->kind == MESSAGE_CALL) {
        if (!opened)
            transfer_open(poller);
        opened = true;
        call_start(m, &out);
    } else if (m->kind != MESSAGE_OTHER) {
        message_answer(m, &out);
    }
}

// False at the end of standard input.
static bool take_lines(void)
{
    if (!message_receive(&in))
        return false;
    size_t done = 0;
    for (char *end; done < in.size && (end = memchr(in.data + done, '\n', in.size - done));) {
        struct message m;
        message_read(&m, in.data + done, (size_t)(end - in.data) - done);
        take(&m);
        done = (size_t)(end - in.data) + 1;
    }
    buf_consume(&in, done);
    return true;
}

static int sooner(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int main(void)
{
    poller = epoll_create1(EPOLL_CLOEXEC);
    fcntl(0, F_SETFL, O_NONBLOCK);
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &(struct epoll_event){ .events = EPOLLIN });
    for (;;) {
        struct epoll_event events[64];
        int n = epoll_wait(poller, events, 64, sooner(transfer_timeout(), call_timeout()));
        for (int i = 0; i < n; i++) {
            if (events[i].data.u64 != 0)
                transfer_event((int)events[i].data.u64, events[i].events);
            else if (!take_lines())
                return 0;
        }
        transfer_tick();
        call_tick();
        message_send(&out);
    }
}
