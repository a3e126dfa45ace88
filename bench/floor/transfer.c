#include "floor/transfer.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <err.h>
#include <sys/epoll.h>

enum { MOST = 256 };

static struct {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_multi_init) *multi_init;
    __typeof__(curl_multi_setopt) *multi_setopt;
    __typeof__(curl_multi_add_handle) *multi_add_handle;
    __typeof__(curl_multi_remove_handle) *multi_remove_handle;
    __typeof__(curl_multi_assign) *multi_assign;
    __typeof__(curl_multi_info_read) *multi_info_read;
    __typeof__(curl_multi_socket_action) *multi_socket_action;
    __typeof__(curl_slist_append) *slist_append;
} api;

static CURLM *multi;
static int poller;
static double due = -1; // when libcurl wants its time-out, negative: never
static CURL *pool[MOST];
static int pooled, active;
static struct transfer *first, **last = &first;
static struct curl_slist *headers;

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    (void)easy, (void)arg;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    struct epoll_event event = { .data.u64 = (uint64_t)fd };
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    epoll_ctl(poller, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    if (!known)
        api.multi_assign(multi, fd, &poller);
    return 0;
}

static int on_timer(CURLM *m, long ms, void *arg)
{
    (void)m, (void)arg;
    due = ms < 0 ? -1 : clock_monotonic() + (double)ms / 1000;
    return 0;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *arg)
{
    struct transfer *t = arg;
    return buf_append(&t->body, bytes, one * size) ? size : 0;
}

static void load(void)
{
    void *lib = dlopen("libcurl.so.4", RTLD_NOW | RTLD_GLOBAL);
    if (!lib)
        errx(1, "%s", dlerror());
#define LOAD(name) (*(void **)&api.name = dlsym(lib, "curl_" #name))
    if (!LOAD(global_init) || !LOAD(easy_init) || !LOAD(easy_setopt) || !LOAD(easy_getinfo) ||
        !LOAD(multi_init) || !LOAD(multi_setopt) || !LOAD(multi_add_handle) ||
        !LOAD(multi_remove_handle) || !LOAD(multi_info_read) || !LOAD(multi_socket_action) ||
        !LOAD(slist_append) || !LOAD(multi_assign))
        errx(1, "libcurl lacks a function");
#undef LOAD
}

void transfer_open(int epoll)
{
    load();
    poller = epoll;
    api.global_init(CURL_GLOBAL_DEFAULT);
    multi = api.multi_init();
    api.multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    api.multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    api.multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)MOST);
    headers = api.slist_append(NULL, "Accept: application/json");
    headers = api.slist_append(headers, "Content-Type: application/json");
    headers = api.slist_append(headers, "Authorization: Bearer bench");
}

static CURL *new_easy(void)
{
    CURL *easy = api.easy_init();
    if (!easy)
        errx(1, "out of memory");
    api.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    api.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    api.easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    return easy;
}

static void begin(struct transfer *t)
{
    CURL *easy = pooled > 0 ? pool[--pooled] : new_easy();
    active++;
    t->easy = easy;
    api.easy_setopt(easy, CURLOPT_URL, t->url);
    api.easy_setopt(easy, CURLOPT_WRITEDATA, t);
    api.easy_setopt(easy, CURLOPT_PRIVATE, t);
    if (t->post)
        api.easy_setopt(easy, CURLOPT_POSTFIELDS, t->post);
    else
        api.easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    api.multi_add_handle(multi, easy);
}

void transfer_start(struct transfer *t)
{
    t->next = NULL;
    t->status = 0;
    buf_clear(&t->body);
    if (active < MOST) {
        begin(t);
        return;
    }
    *last = t;
    last = &t->next;
}

static void finish_all(void)
{
    CURLMsg *message;
    int left;
    while ((message = api.multi_info_read(multi, &left))) {
        struct transfer *t = NULL;
        CURL *easy = message->easy_handle;
        api.easy_getinfo(easy, CURLINFO_PRIVATE, &t);
        if (message->data.result == CURLE_OK)
            api.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &t->status);
        api.multi_remove_handle(multi, easy);
        pool[pooled++] = easy;
        active--;
        t->done(t);
        if (first && active < MOST) {
            struct transfer *queued = first;
            first = first->next;
            if (!first)
                last = &first;
            begin(queued);
        }
    }
}

void transfer_event(int fd, unsigned events)
{
    int running, what = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                        (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                        (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    api.multi_socket_action(multi, fd, what, &running);
    finish_all();
}

int transfer_timeout(void)
{
    if (due < 0)
        return -1;
    double left = due - clock_monotonic();
    return left > 0 ? (int)(left * 1000) + 1 : 0;
}

void transfer_tick(void)
{
    int running;
    if (due < 0 || clock_monotonic() < due)
        return;
    due = -1;
    api.multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_all();
}
