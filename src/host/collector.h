/// How the garbage of a Lua state is collected.
///
/// Generations cost least where most of what is made lives shortly.  But they end in collections of
/// all at once, a millisecond for each MiB: so what holds much is collected in steps.
#ifndef RCMCP_HOST_COLLECTOR_H
#define RCMCP_HOST_COLLECTOR_H

struct host;

/// Sets how it begins.
void collector_open(struct host *host);

/// Looks how much Lua holds, and changes the way where that is another one; from time to time, with
/// nothing of Lua's half done.
void collector_look(struct host *host);

#endif
