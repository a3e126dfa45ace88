#include "net/client_sweep.h"

#include <stdlib.h>

// libcurl looks for dead connections once a second at most (url.c, prune_dead_connections), so a
// sweep sooner after another one would find none.
enum { PAUSE_MS = 1100 };

// Nothing is sent to it, nor is it connected to: its socket is refused.
#define NOWHERE "http://127.0.0.1:9/"

struct client_sweep {
    uv_timer_t timer; // first: a uv_handle_t * is a struct client_sweep *
    CURLM *multi;
    struct client_poll *poll;
    CURL *easy; // made for the first sweep
    bool running;
};

static curl_socket_t no_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)arg;
    (void)purpose;
    (void)address;
    return CURL_SOCKET_BAD;
}

static CURL *new_transfer(void)
{
    CURL *easy = curl.easy_init();
    if (!easy)
        return NULL;
    curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(easy, CURLOPT_PROXY, "");
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, no_socket);
    if (curl.easy_setopt(easy, CURLOPT_URL, NOWHERE) == CURLE_OK)
        return easy;
    curl.easy_cleanup(easy);
    return NULL;
}

static void sweep_soon(void *arg);

// The beginning of any transfer is when libcurl closes the dead ones; this one gets no further.
static void on_time(uv_timer_t *timer)
{
    struct client_sweep *s = (struct client_sweep *)timer;
    if (s->running)
        return;
    if (!s->easy)
        s->easy = new_transfer();
    s->running = s->easy && curl.multi_add_handle(s->multi, s->easy) == CURLM_OK;
    if (!s->running)
        sweep_soon(s); // memory is out
}

static void sweep_soon(void *arg)
{
    struct client_sweep *s = arg;
    if (!s->running && !uv_is_active((uv_handle_t *)&s->timer))
        uv_timer_start(&s->timer, on_time, PAUSE_MS, 0);
}

struct client_sweep *client_sweep_new(struct loop *loop, CURLM *multi, struct client_poll *poll)
{
    struct client_sweep *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->multi = multi;
    s->poll = poll;
    uv_timer_init(loop_uv(loop), &s->timer);
    uv_unref((uv_handle_t *)&s->timer);
    client_poll_on_hang_up(poll, sweep_soon, s);
    return s;
}

bool client_sweep_ended(struct client_sweep *s, const CURL *easy)
{
    if (easy != s->easy)
        return false;
    curl.multi_remove_handle(s->multi, s->easy);
    s->running = false;
    client_poll_look_again(s->poll);
    return true;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

void client_sweep_free(struct client_sweep *s)
{
    if (!s)
        return;
    if (s->running)
        curl.multi_remove_handle(s->multi, s->easy);
    if (s->easy)
        curl.easy_cleanup(s->easy);
    client_poll_on_hang_up(s->poll, NULL, NULL);
    uv_close((uv_handle_t *)&s->timer, free_handle);
}
