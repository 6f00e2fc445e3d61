// SPDX-License-Identifier: MIT
#include "web/page_files.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *name_of(const char *path) {
    const struct page_file *file = page_file_find(slice_of_string(path));
    return file == NULL ? "" : file->name;
}

static void the_root_is_the_document(void **state) {
    (void)state;
    const struct page_file *file = page_file_find(SLICE("/"));
    assert_non_null(file);
    assert_string_equal(file->name, "index.html");
    assert_string_equal(file->type, "text/html; charset=utf-8");
    assert_true(slice_starts_with(file->bytes, SLICE("<!doctype html>")));
}

static void each_file_is_below_page(void **state) {
    (void)state;
    assert_string_equal(name_of("/page/page.css"), "page.css");
    assert_string_equal(name_of("/page/main.js"), "main.js");
    assert_string_equal(page_file_find(SLICE("/page/main.js"))->type,
                        "text/javascript; charset=utf-8");
}

static void nothing_else_is_found(void **state) {
    (void)state;
    static const char *const paths[] = {"",
                                        "/page",
                                        "/page/",
                                        "/main.js",
                                        "/page/..",
                                        "/page/../page_files.c",
                                        "/page//main.js",
                                        "/page/main.js?x",
                                        "//"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_string_equal(name_of(paths[i]), "");
    }
}

// What a module imports and exports is nothing that a script may say.
static void the_script_has_no_module_left(void **state) {
    (void)state;
    assert_true(page_script.len > 0);
    assert_true(slice_find(page_script, SLICE("\nimport ")) == SLICE_NONE);
    assert_true(slice_find(page_script, SLICE("\nexport ")) == SLICE_NONE);
    assert_true(slice_find_nocase(page_script, SLICE("</script")) == SLICE_NONE);
    assert_true(slice_find(page_script, SLICE("<!--")) == SLICE_NONE);
}

// What a line declares for the whole script; the null slice for nothing.
static struct slice declared(struct slice line) {
    static const char *const words[] = {"const ", "let ", "function ", "async function ", "class "};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct slice word = slice_of_string(words[i]);
        if (slice_starts_with(line, word)) {
            struct slice rest = slice_from(line, word.len);
            size_t len = 0;
            while (len < rest.len && text_is_alnum(rest.data[len])) {
                len += rest.len > len + 1 && rest.data[len + 1] == '_' ? 2 : 1;
            }
            return slice_sub(rest, 0, len);
        }
    }
    return (struct slice){0};
}

// Modules have their own names, the script that is made of them has not: a name that two of them
// declare would end it.
static void no_two_modules_declare_a_name(void **state) {
    (void)state;
    enum { NAMES_MAX = 2000 };
    struct slice names[NAMES_MAX];
    size_t count = 0;
    struct slice rest = page_script;
    while (!slice_is_null(rest)) {
        struct slice name = declared(slice_split(&rest, '\n'));
        for (size_t i = 0; i < count && name.len > 0; i++) {
            if (slice_equal(names[i], name)) {
                fail_msg("%.*s is declared twice", (int)name.len, (const char *)name.data);
            }
        }
        assert_true(count < NAMES_MAX);
        names[count] = name;
        count += name.len > 0 ? 1 : 0;
    }
    assert_true(count > 50);
}

// Text of the mails reaches the document as text only, and nothing is fetched from elsewhere.
static void the_modules_keep_to_text(void **state) {
    (void)state;
    static const char *const banned[] = {"innerHTML", "outerHTML =",  "insertAdjacentHTML",
                                         "eval(",     "new Function", "document.write",
                                         "http://",   "https://cdn"};
    for (size_t i = 0; i < sizeof(banned) / sizeof(banned[0]); i++) {
        assert_true(slice_find(page_script, slice_of_string(banned[i])) == SLICE_NONE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_is_the_document),
        cmocka_unit_test(each_file_is_below_page),
        cmocka_unit_test(nothing_else_is_found),
        cmocka_unit_test(no_two_modules_declare_a_name),
        cmocka_unit_test(the_script_has_no_module_left),
        cmocka_unit_test(the_modules_keep_to_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
