// core.redact: cutting secrets out of text.
#include "json/redact.h"

#include "base/log.h"
#include "bindings/bindings.h"
#include "host/scratch.h"

#define RULES "core.redact.Rules"

struct rules {
    struct redact *redact; // NULL while it is made, and once it is collected
};

static const char *const meanings[] = {
    "cut", "inputs", "outputs", "output", "kept", "word", NULL
};
static const enum redact_name meaning_of[] = { REDACT_CUT,    REDACT_INPUTS, REDACT_OUTPUTS,
                                               REDACT_OUTPUT, REDACT_KEPT,   REDACT_WORD };

static void must(lua_State *L, bool ok)
{
    if (!ok)
        luaL_error(L, "not enough memory");
}

// The list `name` of the options, or nothing; pushes it and returns its length.
static lua_Integer list_of(lua_State *L, const char *name)
{
    if (lua_getfield(L, 1, name) == LUA_TNIL)
        return 0;
    luaL_checktype(L, -1, LUA_TTABLE);
    return luaL_len(L, -1);
}

static const char *text_at(lua_State *L, int index, size_t *size)
{
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "core.redact: a text is no text");
    return lua_tolstring(L, index, size);
}

static void add_texts(lua_State *L, struct redact *r)
{
    lua_Integer count = list_of(L, "texts"); // … texts
    for (lua_Integer i = 1; i <= count; i++) {
        size_t size;
        lua_geti(L, -1, i); // … texts text
        const char *text = text_at(L, -1, &size);
        must(L, redact_add(r, text, size));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void add_numbers(lua_State *L, struct redact *r)
{
    lua_Integer count = list_of(L, "numbers"); // … numbers
    for (lua_Integer i = 1; i <= count; i++) {
        size_t size;
        lua_geti(L, -1, i);
        const char *text = text_at(L, -1, &size);
        must(L, redact_add_number(r, text, size));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

// wholes = { name, text, name, text, … }
static void add_wholes(lua_State *L, struct redact *r)
{
    lua_Integer count = list_of(L, "wholes"); // … wholes
    for (lua_Integer i = 1; i < count; i += 2) {
        size_t name_size;
        size_t size;
        lua_geti(L, -1, i);
        lua_geti(L, -2, i + 1); // … wholes name text
        const char *name = text_at(L, -2, &name_size);
        const char *text = text_at(L, -1, &size);
        must(L, redact_add_whole(r, name, name_size, text, size));
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

static void add_names(lua_State *L, struct redact *r)
{
    if (lua_getfield(L, 1, "names") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, -2)) { // … names name meaning
        size_t size;
        const char *name = text_at(L, -2, &size);
        enum redact_name meaning = meaning_of[luaL_checkoption(L, -1, NULL, meanings)];
        must(L, redact_add_name(r, name, size, meaning));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/// new(options) -> Rules
static int rules_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct rules *rules = lua_newuserdatauv(L, sizeof *rules, 0); // options rules
    rules->redact = NULL;
    luaL_setmetatable(L, RULES);
    rules->redact = redact_new();
    must(L, rules->redact != NULL);
    add_texts(L, rules->redact);
    add_numbers(L, rules->redact);
    add_wholes(L, rules->redact);
    add_names(L, rules->redact);
    must(L, redact_ready(rules->redact));
    return 1;
}

static const struct redact *check_rules(lua_State *L)
{
    return ((const struct rules *)luaL_checkudata(L, 1, RULES))->redact;
}

// (buffer) -> string
static int push_buffer(lua_State *L)
{
    const struct buf *b = lua_touserdata(L, 1);
    lua_pushlstring(L, b->data, b->size);
    return 1;
}

// Pushes what came of the text at index 2.
static int push_outcome(lua_State *L, enum redact_outcome outcome, struct buf *out)
{
    int rc = LUA_OK;
    switch (outcome) {
    case REDACT_SAME:
        lua_pushvalue(L, 2);
        break;
    case REDACT_CHANGED: // what this raises must not lose the buffer
        lua_pushcfunction(L, push_buffer);
        lua_pushlightuserdata(L, out);
        rc = lua_pcall(L, 1, 1, 0);
        break;
    case REDACT_NO_JSON:
        lua_pushnil(L);
        break;
    case REDACT_NO_MEMORY:
        buf_free(out);
        return luaL_error(L, "not enough memory");
    }
    buf_free(out);
    return rc == LUA_OK ? 1 : lua_error(L);
}

/// rules:passes(text) -> boolean
static int rules_passes(lua_State *L)
{
    const struct redact *r = check_rules(L);
    size_t size;
    const char *text = luaL_checklstring(L, 2, &size);
    lua_pushboolean(L, redact_passes(r, text, size));
    return 1;
}

/// rules:text(text) -> text
static int rules_text(lua_State *L)
{
    const struct redact *r = check_rules(L);
    size_t size;
    const char *text = luaL_checklstring(L, 2, &size);
    struct scratch memory;
    scratch_init(&memory, L);
    struct buf out = { .memory = &memory.memory };
    return push_outcome(L, redact_text(r, text, size, &out), &out);
}

/// rules:json(text, outputs) -> text | nil
static int rules_json(lua_State *L)
{
    const struct redact *r = check_rules(L);
    size_t size;
    const char *text = luaL_checklstring(L, 2, &size);
    struct scratch memory;
    scratch_init(&memory, L);
    struct buf out = { .memory = &memory.memory };
    return push_outcome(L, redact_json(r, text, size, lua_toboolean(L, 3), &out), &out);
}

// In steps
// ---------------------------------------------------------------------------------------------

#define RUN "core.redact.run"

enum { RULES_AT = 1, TEXT_AT, RUN_AT };

struct run {
    struct redaction *redaction;
    struct buf out;
    struct scratch memory;
};

static int run_free(lua_State *L)
{
    struct run *run = luaL_checkudata(L, 1, RUN);
    run->memory.L = L; // the coroutine that began may be gone
    redaction_free(run->redaction);
    run->redaction = NULL;
    buf_free(&run->out);
    return 0;
}

// Goes on after a pause, up to the next one or the end.
static int go_on(lua_State *L, int status, lua_KContext bytes)
{
    (void)status;
    struct run *run = lua_touserdata(L, RUN_AT);
    if (!redaction_go_on(run->redaction, (size_t)bytes, &run->out))
        return lua_yieldk(L, 0, bytes, go_on);
    switch (redaction_outcome(run->redaction)) {
    case REDACT_CHANGED:
        lua_pushlstring(L, run->out.data, run->out.size);
        break;
    case REDACT_NO_MEMORY:
        return luaL_error(L, "not enough memory");
    default:
        lua_pushvalue(L, TEXT_AT);
    }
    lua_pushcfunction(L, run_free);
    lua_pushvalue(L, RUN_AT);
    lua_call(L, 1, 0);
    return 1;
}

/// rules:cut_in_steps(text, as, bytes) -> text
static int rules_cut_in_steps(lua_State *L)
{
    static const char *const ways[] = { "text", "json", "outputs", NULL };
    const struct redact *r = check_rules(L);
    size_t size;
    const char *text = luaL_checklstring(L, TEXT_AT, &size);
    enum redact_as as = (enum redact_as)luaL_checkoption(L, 3, NULL, ways);
    lua_Integer bytes = luaL_checkinteger(L, 4);
    luaL_argcheck(L, bytes > 0, 4, "must be positive");
    luaL_argcheck(L, lua_isyieldable(L), 1, "must be cut in a coroutine");
    lua_settop(L, TEXT_AT);
    struct run *run = lua_newuserdatauv(L, sizeof *run, 0);
    *run = (struct run){ 0 };
    scratch_init(&run->memory, L);
    run->out.memory = &run->memory.memory;
    luaL_setmetatable(L, RUN);
    run->redaction = redaction_begin(r, text, size, as);
    must(L, run->redaction != NULL);
    return go_on(L, LUA_OK, (lua_KContext)bytes);
}

// The log
// ---------------------------------------------------------------------------------------------

enum { LOG_MOST = 64 };

static const struct redact *log_rules[LOG_MOST];
static size_t log_count;
static const char log_anchor;

// What each of the rules leaves of a line goes to the next.
static bool clean_line(const char *text, size_t size, struct buf *out)
{
    struct buf next = { 0 };
    bool ok = buf_append(out, text, size);
    for (size_t i = 0; ok && i < log_count; i++) {
        enum redact_outcome outcome = redact_text(log_rules[i], out->data, out->size, &next);
        ok = outcome != REDACT_NO_MEMORY;
        if (outcome != REDACT_CHANGED)
            continue;
        struct buf old = *out;
        *out = next;
        next = old;
        buf_clear(&next);
    }
    buf_free(&next);
    return ok;
}

/// log(list): from now on every line of the log is cleaned by these rules
static int for_log(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_Integer count = luaL_len(L, 1);
    luaL_argcheck(L, count <= LOG_MOST, 1, "too many rules");
    lua_createtable(L, (int)count, 0); // list copy
    const struct redact *rules[LOG_MOST] = { NULL };
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, 1, i);
        rules[i - 1] = ((const struct rules *)luaL_checkudata(L, -1, RULES))->redact;
        lua_rawseti(L, 2, i);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &log_anchor); // what keeps them; the last call that may raise
    log_count = (size_t)count;
    for (size_t i = 0; i < log_count; i++)
        log_rules[i] = rules[i];
    log_set_filter(clean_line);
    return 0;
}

// At the end of the state, when no reference keeps anything any more, lines are still logged.
static void forget(const struct redact *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < log_count; i++) {
        if (log_rules[i] != r)
            log_rules[kept++] = log_rules[i];
    }
    log_count = kept;
}

static int rules_gc(lua_State *L)
{
    struct rules *rules = luaL_checkudata(L, 1, RULES);
    if (rules->redact)
        forget(rules->redact);
    redact_free(rules->redact);
    rules->redact = NULL;
    return 0;
}

static const luaL_Reg methods[] = {
    { "passes", rules_passes }, { "text", rules_text },
    { "json", rules_json },     { "cut_in_steps", rules_cut_in_steps },
    { "__gc", rules_gc },       { NULL, NULL },
};

static const luaL_Reg run_methods[] = { { "__gc", run_free }, { NULL, NULL } };

static const luaL_Reg functions[] = {
    { "new", rules_new },
    { "log", for_log },
    { NULL, NULL },
};

int open_redact(lua_State *L)
{
    bindings_type(L, RULES, methods);
    bindings_type(L, RUN, run_methods);
    luaL_newlib(L, functions);
    return 1;
}
