/// What a message is about, found without parsing it: the members `id`, `method`, `result` and
/// `error` of the outermost object, in text that may come in pieces, be longer than anybody keeps,
/// nested deeper than is read, or no JSON elsewhere.  Takes a fixed room and linear time.
#ifndef RCMCP_ENVELOPE_H
#define RCMCP_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

enum { ENVELOPE_ID = 512, ENVELOPE_NAME = 8 };

enum envelope_kind {
    ENVELOPE_UNKNOWN,      ///< not to be told: no object, cut before it was clear, an id of no use
    ENVELOPE_REQUEST,      ///< a method and an id
    ENVELOPE_NOTIFICATION, ///< a whole object with a method and without an id
    ENVELOPE_RESPONSE,     ///< a result or an error, and no method
};

/// A zeroed struct is ready.  The fields are its own, but for the id.
struct envelope {
    char id[ENVELOPE_ID]; ///< the text of the id as it was written, id_size bytes
    size_t id_size;
    bool has_id, has_method, has_answer;
    bool names_id; ///< there is an id, which may be none that can be echoed
    size_t depth;
    unsigned char state;
    bool begun, closed;
    bool in_string, escaped;
    bool taking_id, taking_name;
    char name[ENVELOPE_NAME];
    size_t name_size; // larger than the room: some long name
};

/// Takes the next bytes.
void envelope_feed(struct envelope *e, const char *bytes, size_t size);

/// What the bytes so far are.
enum envelope_kind envelope_kind(const struct envelope *e);

#endif
