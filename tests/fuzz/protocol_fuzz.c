// What comes over the channel between a host and its worker: whatever the bytes are and however
// they are cut, each message of the stream is one of the protocol or refused, on both sides.  The
// properties of messages are in protocol_fuzz.lua.
#include "base/frames.h"

#include "property.h"
#include "target.h"

#include <stdbool.h>

enum { MOST = 8192 };

// Checks what is there; false: nothing that comes behind it is heard.
static bool take(lua_State *L, struct frames *f)
{
    for (;;) {
        const char *bytes;
        size_t size;
        enum frames_event event = frames_next(f, &bytes, &size);
        if (event != FRAMES_MESSAGE)
            return event == FRAMES_MORE;
        property_check(L, bytes, size);
        frames_drop(f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    if (!L)
        L = property_new(FUZZ_FOLDER "/protocol_fuzz.lua");
    if (size == 0)
        return 0;
    struct frames f = { .most = MOST };
    size_t piece = (size_t)data[0] + 1;
    bool whole = true;
    for (size_t at = 1; at < size && whole; at += piece) {
        size_t count = size - at < piece ? size - at : piece;
        char *room = frames_room(&f, count);
        must(room != NULL);
        memcpy(room, data + at, count);
        frames_came(&f, count);
        whole = take(L, &f);
    }
    frames_free(&f);
    lua_gc(L, LUA_GCCOLLECT); // or libFuzzer looks for leaks after each input
    return 0;
}
