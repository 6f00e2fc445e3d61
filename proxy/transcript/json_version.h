// SPDX-License-Identifier: MIT
// json_version: which cJSON the program runs on.
#ifndef SCOPE_TRANSCRIPT_JSON_VERSION_H
#define SCOPE_TRANSCRIPT_JSON_VERSION_H

const char *json_library_version(void); // "1.7.15"; static

#endif
