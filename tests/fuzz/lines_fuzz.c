// The line splitter: however the stream is cut into chunks, the same lines come out, none over the
// limit.
#include "base/buf.h"
#include "base/lines.h"

#include "target.h"

enum { LIMIT = 64 };

struct notes {
    struct buf out;
    unsigned until_stop; // lines until the cutting is stopped; 0: never
    unsigned lines;
};

// Writes each event down: its kind, its length, its bytes.
static bool note(void *arg, enum lines_event event, const char *bytes, size_t size)
{
    struct notes *notes = arg;
    struct buf *out = &notes->out;
    must(event != LINES_NO_MEMORY);
    must(size == 0 || !memchr(bytes, '\n', size));
    if (event == LINES_PART)
        return true;
    must(size <= LIMIT);
    must(event == LINES_LINE || size == 0);
    char kind = (char)('0' + event);
    char length = (char)size;
    must(buf_append(out, &kind, 1) && buf_append(out, &length, 1) && buf_append(out, bytes, size));
    return notes->until_stop == 0 || ++notes->lines % notes->until_stop != 0;
}

// Takes all of the bytes, however often the cutting is stopped.
static void feed(struct lines *lines, const char *bytes, size_t size, struct notes *notes)
{
    size_t at = 0;
    do {
        size_t taken = lines_feed(lines, bytes + at, size - at, note, notes);
        must(taken > 0 && taken <= size - at);
        must(at + taken == size || bytes[at + taken - 1] == '\n');
        at += taken;
    } while (at < size);
}

// Splits the bytes, fed in chunks of `step`, stopped at every `until_stop`th line.
static struct buf split(const char *bytes, size_t size, size_t step, unsigned until_stop)
{
    struct notes notes = { .until_stop = until_stop };
    struct lines lines = { .max = LIMIT };
    for (size_t at = 0; at < size; at += step) {
        size_t n = size - at < step ? size - at : step;
        char *chunk = own_block(bytes + at, n);
        feed(&lines, chunk, n, &notes);
        free(chunk);
    }
    lines_finish(&lines, note, &notes);
    lines_free(&lines);
    return notes.out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t step = 1 + data[0];
    const char *bytes = (const char *)data + 1;
    size--;
    struct buf whole = split(bytes, size, size + 1, 0);
    struct buf cut = split(bytes, size, step, 1 + data[0] % 3);
    must(whole.size == cut.size);
    must(whole.size == 0 || memcmp(whole.data, cut.data, whole.size) == 0);
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
