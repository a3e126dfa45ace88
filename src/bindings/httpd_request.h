/// Requests of core.httpd as Lua has them.
#ifndef RCMCP_BINDINGS_HTTPD_REQUEST_H
#define RCMCP_BINDINGS_HTTPD_REQUEST_H

#include "host/again.h"
#include "net/server.h"

#include <lua.h>
#include <stdbool.h>

struct lua_request {
    struct again again;             // for an end that memory ran out for
    struct server_request *request; // NULL before it is filled, and after the end of the userdata
    lua_State *L;                   // the main coroutine
    int anchor;                     // registry reference while answered and on_closed may still run
    bool answered;
};

/// Creates the type; once a state.  `stream` is its method of that name: see httpd_stream.h.
void httpd_open_request(lua_State *L, lua_CFunction stream);

/// An event of the server: what was asked comes to Lua.  `arg` is the server's struct anchor, whose
/// callback is called.  Answers with 500 where that fails.
void httpd_on_request(struct server_request *request, void *arg);

/// An event of the server: the request has ended; on_closed runs where the peer went away.
void httpd_on_ended(struct server_request *request, enum server_end end, void *arg);

/// The request at index 1, whose answer is still due; raises if there is none.
struct lua_request *httpd_check_unanswered(lua_State *L);

/// A status of an answer at `index`; raises if it is none.
unsigned httpd_check_status(lua_State *L, int index);

/// Keeps the userdata at index 1 alive up to the end of its answer if its on_closed waits for that.
/// May raise.
void httpd_anchor_request(lua_State *L, struct lua_request *r);

/// Sends `a`, or a 500 if there is none or its headers (at `index`, checked) do not fit in memory;
/// false then.  Needs three places on the stack, raises nothing.
bool httpd_send(lua_State *L, struct lua_request *r, struct server_answer *a, int index);

#endif
