/*
 * screen: a terminal that is ours for a while: the alternate screen, no echo,
 * keys as they come.
 *
 * What the terminal was it is again after screen_end(), which is also called at
 * exit(); the signals that end a program end screen_wait() instead, so that all
 * goes by that way.  It needs no more of a terminal than ECMA-48 says, and the
 * size that the kernel keeps: no library is worth that.
 *
 * One thread, one screen.
 */
#ifndef TOOLS_LOAMCTL_SCREEN_H
#define TOOLS_LOAMCTL_SCREEN_H

#include "engine/base/base.h"

/* Standard input is a terminal, and standard output one that can be used. */
bool screen_possible(void);

/* Takes the terminal.  Returns 0 or a negative errno. */
int screen_begin(void) MUST_USE;
void screen_end(void);

/*
 * Shows @text, its lines cut to the width, and as many as there is room for;
 * each end of a line is a \n.
 */
void screen_show(const char *text);

enum screen_event {
	SCREEN_TIME = 0, /* the time is over */
	SCREEN_RESIZED,
	SCREEN_ENDED, /* a signal that ends programs, or nobody is there */
	SCREEN_KEY,   /* in *key */
};

enum screen_event screen_wait(unsigned timeout_ms, char *key);

#endif
