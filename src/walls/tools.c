#include "walls/tools.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define HAS_ASAN 1
#endif

// By what is mapped: the variables that valgrind sets may be gone by then.  It maps its own parts
// in front of all others, within the first hundred lines.
static bool find_valgrind(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps)
        return false;
    char line[1024];
    bool found = false;
    while (!found && fgets(line, sizeof line, maps))
        found = strstr(line, "/vgpreload_") != NULL;
    (void)fclose(maps);
    return found;
}

bool walls_in_valgrind(void)
{
    static enum { UNKNOWN, NO, YES } known;
    if (known == UNKNOWN)
        known = find_valgrind() ? YES : NO;
    return known == YES;
}

const char *walls_memory_unlimited(void)
{
#ifdef HAS_ASAN
    return "AddressSanitizer maps terabytes";
#elif defined(__APPLE__)
    return "this system does not hold processes to one";
#else
    return walls_in_valgrind() ? "valgrind needs more than the program does" : NULL;
#endif
}

void walls_load_time_zone(void)
{
    time_t now = time(NULL);
    struct tm parts;
    tzset();
    (void)localtime_r(&now, &parts);
}
