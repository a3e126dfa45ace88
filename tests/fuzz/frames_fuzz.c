// Messages in a stream: however the bytes are cut, the same messages come as from the whole, up to
// the same end; what is written is read; no more is held than came.
#include "base/frames.h"

#include "target.h"

#include <stdbool.h>

// What the stream says, from `at` on, read from the whole.
static enum frames_event model(const uint8_t *data, size_t size, size_t at, size_t most,
                               size_t *length)
{
    if (size - at < FRAMES_HEAD)
        return FRAMES_MORE;
    *length = 0;
    for (int i = FRAMES_HEAD - 1; i >= 0; i--)
        *length = *length * 256 + data[at + (size_t)i];
    if (*length == 0 || *length > most)
        return FRAMES_BROKEN;
    return size - at - FRAMES_HEAD < *length ? FRAMES_MORE : FRAMES_MESSAGE;
}

// Compares what is there with the model, and moves `at` behind it.  False: it is broken.
static bool check(struct frames *f, const uint8_t *data, size_t came, size_t *at, struct buf *again)
{
    for (;;) {
        const char *bytes;
        size_t size, length = 0;
        enum frames_event event = frames_next(f, &bytes, &size);
        must(event == model(data, came, *at, f->most, &length));
        must(frames_are_empty(f) == (*at == came));
        if (event == FRAMES_BROKEN)
            must(f->refused == length);
        if (event != FRAMES_MESSAGE)
            return event == FRAMES_MORE;
        must(size == length && memcmp(bytes, data + *at + FRAMES_HEAD, size) == 0);
        must(frames_write(again, bytes, size));
        frames_drop(f);
        *at += FRAMES_HEAD + size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct frames f = { .most = (size_t)data[0] * 16 + 1 };
    struct buf again = { 0 };
    size_t piece = (size_t)data[1] + 1, came = 0, at = 0;
    data += 2;
    size -= 2;
    bool whole = true;
    while (came < size && whole) {
        size_t count = size - came < piece ? size - came : piece;
        char *room = frames_room(&f, count);
        must(room != NULL);
        memcpy(room, data + came, count);
        frames_came(&f, count);
        came += count;
        must(f.in.size <= 2 * came);
        whole = check(&f, data, came, &at, &again);
        piece = piece * 7 % 257 + 1;
    }
    must(again.size == at && (at == 0 || memcmp(again.data, data, at) == 0));
    buf_free(&again);
    frames_free(&f);
    return 0;
}
