// SPDX-License-Identifier: MIT
#include "spool/file_table.h"

#include "base/limits.h"

#include <assert.h>
#include <utlist.h>

// NOLINTBEGIN(readability-function-size): what nests in these functions are the macros of uthash
// and utlist.

struct file *file_table_find(struct file_table *table, const char *path) {
    struct file *file = NULL;
    HASH_FIND_STR(table->by_path, path, file);
    return file;
}

static void make_active(struct file_table *table, struct file *file) {
    DL_APPEND(table->active, file);
    table->active_count++;
    file->active = true;
}

static void unlink_file(struct file_table *table, struct file *file) {
    if (file->active) {
        DL_DELETE(table->active, file);
        table->active_count--;
    } else {
        DL_DELETE(table->idle, file);
        table->idle_count--;
    }
}

struct file *file_table_add(struct file_table *table, const struct framing *framing,
                            const char *path) {
    struct file *file = file_new(framing, path);
    HASH_ADD_KEYPTR(hh, table->by_path, file->path, strlen(file->path), file);
    make_active(table, file);
    return file;
}

void file_table_touch(struct file_table *table, struct file *file) {
    if (file->active && file->next == NULL) {
        return; // the last one already
    }
    unlink_file(table, file);
    make_active(table, file);
}

struct file *file_table_surplus(const struct file_table *table) {
    return table->active_count >= LIMIT_FILES_OPEN ? table->active : NULL;
}

void file_table_retire(struct file_table *table, struct file *file) {
    assert(buf_len(&file->out) == 0);
    file_close(file);
    buf_shrink(&file->out);
    unlink_file(table, file);
    DL_APPEND(table->idle, file);
    table->idle_count++;
    file->active = false;
    // What appends needs no memory of what it did.
    if (file->framing->shape == SHAPE_LINES) {
        file_table_remove(table, file);
    } else if (table->idle_count > LIMIT_FILES_KNOWN) {
        file_table_remove(table, table->idle);
    }
}

void file_table_remove(struct file_table *table, struct file *file) {
    unlink_file(table, file);
    assert(table->by_path != NULL);
    HASH_DEL(table->by_path, file);
    file_free(file);
}

void file_table_cleanup(struct file_table *table) {
    while (table->active != NULL) {
        file_table_remove(table, table->active);
    }
    while (table->idle != NULL) {
        file_table_remove(table, table->idle);
    }
}
// NOLINTEND(readability-function-size)
