// SPDX-License-Identifier: MIT
#include "web/page_files.h"

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
        cmocka_unit_test(the_root_is_the_document), cmocka_unit_test(each_file_is_below_page),
        cmocka_unit_test(nothing_else_is_found),    cmocka_unit_test(the_script_has_no_module_left),
        cmocka_unit_test(the_modules_keep_to_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
