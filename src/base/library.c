#include "base/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static char fault[256]; // "": none

static void *open_first(const char *const *files)
{
    void *library = NULL;
    fault[0] = '\0';
    for (; *files && !library; files++) {
        library = dlopen(*files, RTLD_NOW | RTLD_LOCAL);
        const char *why = library ? NULL : dlerror();
        if (why && !fault[0] && !strstr(why, "No such file") && !strstr(why, "no such file"))
            (void)snprintf(fault, sizeof fault, "%s", why);
    }
    return library;
}

void *library_open(const char *const *files, const struct library_symbol *symbols, size_t count,
                   void *table, const char **missing)
{
    *missing = NULL;
    void *library = open_first(files);
    if (!library)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol) {
            *missing = symbols[i].name;
            dlclose(library);
            return NULL;
        }
        // An object pointer holds a function: POSIX says so, ISO C has no cast for it.
        memcpy((char *)table + symbols[i].at, &symbol, sizeof symbol);
    }
    return library;
}

const char *library_fault(void)
{
    return fault[0] ? fault : NULL;
}

void library_close(void *library)
{
    dlclose(library);
}
