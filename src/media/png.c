#include "media/png.h"

#include "media/png_api.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPRESSION = 1 }; // the loop waits for the encoder: time counts more than size

// All that outlives a longjmp is behind this pointer, so that no local variable has to.
struct encoder {
    const struct png_api *api;
    const struct png_image *image;
    struct buf *out;
    struct png_error *error;
    png_structp png;
    png_infop info;
    struct buf chunk; // scratch of one text chunk
};

static void fail(struct png_error *error, const char *code, const char *message)
{
    error->code = code;
    (void)snprintf(error->message, sizeof error->message, "%s", message);
}

static const struct png_api *table; // for the callbacks, which libpng calls without our context

static void on_error(png_structp png, png_const_charp message)
{
    struct encoder *e = table->get_error_ptr(png);
    if (!e->error->code)
        fail(e->error, "png", message);
    table->longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void on_bytes(png_structp png, png_bytep bytes, size_t size)
{
    struct encoder *e = table->get_io_ptr(png);
    if (buf_append(e->out, bytes, size))
        return;
    fail(e->error, "ENOMEM", "out of memory for the image");
    on_error(png, "");
}

static void on_flush(png_structp png)
{
    (void)png;
}

// By hand: libpng's own text functions copy all texts first and sort them by kind.
static void write_text(struct encoder *e, const struct png_text *text)
{
    buf_clear(&e->chunk);
    if (!buf_append(&e->chunk, text->key, text->key_size) || !buf_append(&e->chunk, "", 1) ||
        !buf_append(&e->chunk, text->value, text->value_size)) {
        fail(e->error, "ENOMEM", "out of memory for the image");
        on_error(e->png, "");
    }
    e->api->write_chunk(e->png, (png_const_bytep) "tEXt", (png_const_bytep)e->chunk.data,
                        e->chunk.size);
}

// Everything that may longjmp.
static void write_image(struct encoder *e)
{
    const struct png_image *image = e->image;
    e->api->set_IHDR(e->png, e->info, image->width, image->height, 8, PNG_COLOR_TYPE_RGB,
                     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    e->api->set_compression_level(e->png, COMPRESSION);
    e->api->set_filter(e->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP);
    e->api->write_info(e->png, e->info);
    for (size_t i = 0; i < image->text_count; i++)
        write_text(e, &image->texts[i]);
    for (uint32_t y = 0; y < image->height; y++)
        e->api->write_row(e->png, image->pixels + (size_t)y * image->width * 3);
    e->api->write_end(e->png, NULL);
}

static bool run(struct encoder *e)
{
    if (setjmp(*e->api->set_longjmp_fn(e->png, longjmp, sizeof(jmp_buf))) != 0)
        return false;
    write_image(e);
    return true;
}

bool png_encode(const struct png_image *image, struct buf *out, struct png_error *error)
{
    const char *why = "";
    const size_t size_before = out->size;
    *error = (struct png_error){ 0 };
    table = png_api_open(&why);
    if (!table) {
        error->code = "library";
        (void)snprintf(error->message, sizeof error->message, "images need libpng: %s", why);
        return false;
    }
    struct encoder e = { .api = table, .image = image, .out = out, .error = error };
    bool ok = false;
    e.png = table->create_write_struct(PNG_LIBPNG_VER_STRING, &e, on_error, on_warning);
    if (e.png)
        e.info = table->create_info_struct(e.png);
    if (e.info) {
        table->set_write_fn(e.png, &e, on_bytes, on_flush);
        ok = run(&e);
    }
    table->destroy_write_struct(&e.png, &e.info);
    buf_free(&e.chunk);
    if (!ok) {
        if (!error->code)
            fail(error, "ENOMEM", "out of memory for the image");
        out->size = size_before;
    }
    return ok;
}
