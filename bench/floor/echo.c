/// The floor of the protocol: canned answers over standard streams.  No program that answers MCP
/// can be faster than this, because this does nothing else.
#include "floor/message.h"

#include <string.h>

static void answer(const struct message *m, struct buf *out)
{
    if (m->kind == MESSAGE_INITIALIZE || m->kind == MESSAGE_LIST) {
        message_answer(m, out);
    } else if (m->kind == MESSAGE_CALL) {
        message_head(m->id, out);
        put(out, "{\"content\":[{\"type\":\"text\",\"text\":\"canned\"}],\"structuredContent\":{"
                 "\"ok\":true,"
                 "\"status\":{\"request_id\":\"");
        put_slice(out, m->request);
        put(out, "\",\"status\":\"in_progress\",\"queue_position\":null}}}}\n");
    }
}

int main(void)
{
    struct buf in = { 0 }, out = { 0 };
    while (message_receive(&in)) {
        size_t done = 0;
        for (char *end; done < in.size && (end = memchr(in.data + done, '\n', in.size - done));) {
            struct message m;
            message_read(&m, in.data + done, (size_t)(end - in.data) - done);
            answer(&m, &out);
            done = (size_t)(end - in.data) + 1;
        }
        buf_consume(&in, done);
        message_send(&out);
    }
    return 0;
}
