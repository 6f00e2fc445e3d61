// SPDX-License-Identifier: MIT
// scenes: what a captured command does in the tests. Each is played in a process of its own, which
// prints nothing and exits with 0 where all went as it must for a program that nobody watches.
#ifndef SCOPE_TEST_CAPTURE_SCENES_H
#define SCOPE_TEST_CAPTURE_SCENES_H

enum { SCENE_IMPOSSIBLE = 77 };

// The exit status of scene `name` against `port`; 64 for an unknown one, 77 for one
// that this machine cannot play.
int scene_play(const char *name, unsigned port);

#endif
