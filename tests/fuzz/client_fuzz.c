// A request and its answer at the HTTP client, libcurl played by the target: the request is copied
// whole and sent as it must be, of the answer the last head and as much of the body count as the
// limits allow, however it comes.
#include "base/brief.h"
#include "base/utf8.h"
#include "net/client_error.h"
#include "net/client_slot.h"

#include "target.h"

#include <stdarg.h>
#include <strings.h>

enum { MOST_HEADERS = 12, MOST_HEAD = 256 << 10, MOST_BRIEF = 16 };

// libcurl
// ----------------------------------------------------------------------------------------------

struct curl_api curl;

static struct {
    size_t (*on_header)(char *bytes, size_t one, size_t size, void *arg);
    size_t (*on_body)(char *bytes, size_t one, size_t size, void *arg);
    const char *url, *method, *body;
    const struct curl_slist *headers;
    long follows, fresh, version, no_body;
    curl_off_t body_size;
    long status;         // of the answer, as far as it has come
    curl_off_t promised; // bytes of its body; -1: not told
} easy;

static CURL *easy_init(void)
{
    return &easy;
}

static void easy_cleanup(CURL *handle)
{
    (void)handle;
}

static void take_option(CURLoption option, va_list *values)
{
    if (option == CURLOPT_URL)
        easy.url = va_arg(*values, const char *);
    else if (option == CURLOPT_CUSTOMREQUEST)
        easy.method = va_arg(*values, const char *);
    else if (option == CURLOPT_POSTFIELDS)
        easy.body = va_arg(*values, const char *);
    else if (option == CURLOPT_POSTFIELDSIZE_LARGE)
        easy.body_size = va_arg(*values, curl_off_t);
    else if (option == CURLOPT_HTTPHEADER)
        easy.headers = va_arg(*values, const struct curl_slist *);
    else if (option == CURLOPT_FOLLOWLOCATION)
        easy.follows = va_arg(*values, long);
    else if (option == CURLOPT_FRESH_CONNECT)
        easy.fresh = va_arg(*values, long);
    else if (option == CURLOPT_HTTP_VERSION)
        easy.version = va_arg(*values, long);
    else if (option == CURLOPT_NOBODY)
        easy.no_body = va_arg(*values, long);
    else if (option == CURLOPT_HEADERFUNCTION)
        easy.on_header = va_arg(*values, __typeof__(easy.on_header));
    else if (option == CURLOPT_WRITEFUNCTION)
        easy.on_body = va_arg(*values, __typeof__(easy.on_body));
}

static CURLcode set_option(CURL *handle, CURLoption option, ...)
{
    must(handle == &easy);
    va_list values;
    va_start(values, option);
    take_option(option, &values);
    va_end(values);
    return CURLE_OK;
}

static CURLcode get_info(CURL *handle, CURLINFO info, ...)
{
    must(handle == &easy);
    va_list values;
    va_start(values, info);
    if (info == CURLINFO_RESPONSE_CODE)
        *va_arg(values, long *) = easy.status;
    else
        *va_arg(values, curl_off_t *) = easy.promised;
    va_end(values);
    return CURLE_OK;
}

static const char *say(CURLcode code)
{
    return code == CURLE_OK ? "nothing is wrong" : "something is wrong";
}

void client_poll_adopt(struct client_poll *p, CURL *handle)
{
    (void)p;
    (void)handle;
}

curl_socket_t client_poll_open_socket(struct client_poll *p, const struct curl_sockaddr *address)
{
    (void)p;
    (void)address;
    return CURL_SOCKET_BAD;
}

static void open_libcurl(void)
{
    static const char *const proxies[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                           "ALL_PROXY" };
    curl.easy_init = easy_init;
    curl.easy_cleanup = curl.easy_reset = easy_cleanup;
    curl.easy_setopt = set_option;
    curl.easy_getinfo = get_info;
    curl.easy_strerror = say;
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        must(unsetenv(proxies[i]) == 0);
}

// The request
// ------------------------------------------------------------------------------------------

static bool is_blank_from(const char *text)
{
    return text[strspn(text, " \t")] == '\0';
}

// libcurl sends "Name;" as a header without a value, and leaves out "Name:".
static bool says(const struct curl_slist *sent, const char *line)
{
    const char *colon = strchr(line, ':');
    size_t name = (size_t)(colon - line);
    if (!is_blank_from(colon + 1))
        return strcmp(sent->data, line) == 0;
    return strncmp(sent->data, line, name) == 0 && strcmp(sent->data + name, ";") == 0;
}

static void check_headers(const struct client_request *r)
{
    const struct curl_slist *sent = easy.headers;
    bool typed = false;
    for (size_t i = 0; i < r->header_count; i++, sent = sent->next) {
        must(sent && says(sent, r->headers[i]));
        typed = typed || strncasecmp(r->headers[i], "content-type:", 13) == 0;
    }
    if (r->bearer) {
        must(sent && strncmp(sent->data, "Authorization: Bearer ", 22) == 0);
        must(strcmp(sent->data + 22, r->bearer) == 0);
        sent = sent->next;
    }
    if (r->body) {
        must(sent && strcmp(sent->data, "Expect:") == 0);
        sent = sent->next;
    }
    if (r->body && !typed) {
        must(sent && strcmp(sent->data, "Content-Type:") == 0);
        sent = sent->next;
    }
    if (r->identity || (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0)) {
        must(sent && strcmp(sent->data, "Accept-Encoding: identity") == 0);
        sent = sent->next;
    }
    must(!sent);
}

// What is no GET is sent once: on a connection of its own, by a version that repeats nothing.
static void check_request(const struct client_request *r)
{
    bool get = strcmp(r->method, "GET") == 0, head = strcmp(r->method, "HEAD") == 0;
    must(strcmp(easy.url, r->url) == 0);
    must(get || head ? !easy.method : strcmp(easy.method, r->method) == 0);
    must(easy.no_body == head);
    if (!get && !head)
        must(easy.fresh == 1 && easy.follows == 0 && easy.version == CURL_HTTP_VERSION_1_1);
    else
        must(easy.follows == !r->no_redirects && !easy.body);
    if (r->body)
        must(easy.body && easy.body_size == (curl_off_t)r->body_size &&
             memcmp(easy.body, r->body, r->body_size) == 0);
    check_headers(r);
}

// The answer
// -------------------------------------------------------------------------------------------

// What has come, and what the client should have of it.
struct expected {
    struct buf head, body; // of the last answer
    bool head_ended;
};

static bool is_first_line(const char *line, size_t size)
{
    return size >= 5 && memcmp(line, "HTTP/", 5) == 0;
}

// Whether libcurl goes on.
static bool feed_header(struct client_slot *s, struct expected *e, const char *line, size_t size)
{
    if (is_first_line(line, size)) {
        easy.status = size > 7 ? line[5] % 2 ? 101 : 200 : 204;
        buf_clear(&e->head);
        buf_clear(&e->body);
        e->head_ended = false;
    }
    bool is_trailer = e->head_ended;
    bool is_end = *line == '\r' || *line == '\n';
    char *copy = own_block(line, size);
    bool on = easy.on_header(copy, 1, size, s) == size;
    free(copy);
    if (is_trailer) {
        must(on);
        return true;
    }
    e->head_ended = is_end;
    bool upgrade = is_end && easy.status == 101;
    bool too_large = e->head.size + size > MOST_HEAD;
    must(on == !(upgrade || too_large));
    must(on || s->stop == (upgrade ? SLOT_UPGRADE : SLOT_HEADERS_TOO_LARGE));
    if (on)
        must(buf_append(&e->head, line, size));
    return on;
}

// What is kept of a body that is too large: what the shortening leaves, up to the limit.
static void check_shortened(const struct client_slot *s, const struct expected *e)
{
    struct brief brief = { 0 };
    struct buf out = { 0 };
    must(brief_feed(&brief, e->body.data, e->body.size, &out));
    bool cut =
        out.size > s->message->max_bytes || e->body.size / MOST_BRIEF > s->message->max_bytes;
    must((s->stop == SLOT_CUT) == cut);
    size_t size = out.size < s->message->max_bytes ? out.size : s->message->max_bytes;
    must(s->body.size == size && (size == 0 || memcmp(s->body.data, out.data, size) == 0));
    buf_free(&out);
}

static bool feed_body(struct client_slot *s, struct expected *e, const char *bytes, size_t size)
{
    size_t most = s->message->max_bytes;
    bool keeps = s->message->keep_head;
    bool promised_more = easy.promised > 0 && (uint64_t)easy.promised > most && e->body.size == 0;
    char *copy = own_block(bytes, size);
    bool on = easy.on_body(copy, 1, size, s) == size;
    free(copy);
    must(buf_append(&e->body, bytes, size));
    must(s->body.size <= most);
    if (e->body.size > most && keeps) {
        check_shortened(s, e);
        return on;
    }
    must(on == (keeps || (!promised_more && e->body.size <= most)));
    must(on || s->stop == SLOT_TOO_LARGE);
    if (on)
        must(s->body.size == e->body.size && memcmp(s->body.data, e->body.data, e->body.size) == 0);
    return on;
}

// Pieces: what they are and their length, then their bytes; as libcurl calls, none is empty.
static void feed(struct client_slot *s, const uint8_t *at, const uint8_t *end)
{
    struct expected e = { 0 };
    bool on = true;
    while (on && end - at >= 3) {
        uint8_t kind = at[0];
        size_t size = 1 + at[1];
        at += 2;
        size = size < (size_t)(end - at) ? size : (size_t)(end - at);
        unsigned times = kind == 31 ? 1500 : 1; // over the limit of heads
        for (unsigned i = 0; on && i < times; i++)
            on = kind < 128 ? feed_header(s, &e, (const char *)at, size)
                            : feed_body(s, &e, (const char *)at, size);
        at += size;
    }
    must(s->head_ended == e.head_ended || !on);
    must(!on || s->stop == SLOT_RUNS);
    must(!on || (s->head.size == e.head.size &&
                 (e.head.size == 0 || memcmp(s->head.data, e.head.data, e.head.size) == 0)));
    buf_free(&e.body);
    buf_free(&e.head);
}

// Whatever libcurl says, there are words for it, in UTF-8 up to where they are cut, without what
// stands before "@" in the address.
static void check_words(const struct client_slot *s, CURLcode rc)
{
    const char *url = s->message->url;
    struct client_failure why = { .code = CLIENT_OK };
    client_explain(s, rc, &why);
    size_t size = strlen(why.message);
    must(why.code != CLIENT_OK && size > 0 && size < sizeof why.message);
    must(client_code_name(why.code) != NULL);
    if (utf8_valid(url, strlen(url)))
        must(utf8_valid(why.message, utf8_whole(why.message, size)));
    must(!strchr(why.message, '@'));
}

// All of it
// --------------------------------------------------------------------------------------------

static void play(const struct client_request *r, const uint8_t *at, const uint8_t *end)
{
    struct client_base base = { .no_proxy = (char *)"" };
    struct client_failure why;
    memset(&easy, 0, sizeof easy);
    CURLcode rc = end > at ? (CURLcode)(*at++ % CURL_LAST) : CURLE_OK;
    easy.promised = end > at ? *at++ - 1 : -1;
    struct client_slot *s = client_slot_new(&base);
    struct client_message *m = client_message_new(r);
    must(s && m);
    must(client_slot_prepare(s, m, NULL, &why));
    check_request(r);
    feed(s, at, end);
    check_words(s, rc);
    client_slot_clear(s);
    must(s->body.size == 0 && s->head.size == 0 && s->received == 0 && s->stop == SLOT_RUNS);
    client_message_free(m);
    client_slot_free(s);
}

// Lines of headers that the caller would let through.
static size_t take_headers(char *rest, const char **headers)
{
    size_t count = 0;
    for (char *line = strsep(&rest, "\n"); line && count < MOST_HEADERS;
         line = strsep(&rest, "\n")) {
        const char *colon = strchr(line, ':');
        if (colon && colon != line)
            headers[count++] = line;
    }
    return count;
}

// Flags, the limit of the body, the length of the request; then the request, as the address, the
// bearer and header lines; libcurl's code, the size that is promised, and the answer.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const methods[] = { "GET", "HEAD", "POST", "DELETE" };
    if (size < 3)
        return 0;
    open_libcurl();
    const char *headers[MOST_HEADERS];
    size_t length = data[2] < size - 3 ? data[2] : size - 3;
    char *text = own_text(data + 3, length), *rest = text;
    char *body = own_block(data + 3, length);
    struct client_request r = { .method = methods[data[0] % 4], .headers = headers };
    r.url = strsep(&rest, "\n");
    r.bearer = data[0] & 4 ? strsep(&rest, "\n") : NULL;
    r.header_count = take_headers(rest, headers);
    r.body = data[0] % 4 == 2 && data[0] & 8 ? body : NULL;
    r.body_size = r.body ? length : 0;
    r.keep_head = data[0] & 16;
    r.no_redirects = data[0] & 32;
    r.public_only = data[0] & 64;
    r.identity = data[0] & 128;
    r.max_bytes = data[1] < 200 ? data[1] : (size_t)data[1] * 100;
    r.connect_ms = 1;
    play(&r, data + 3 + length, data + size);
    free(body);
    free(text);
    return 0;
}
