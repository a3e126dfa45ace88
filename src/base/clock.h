/// Time, in seconds.
#ifndef RCMCP_BASE_CLOCK_H
#define RCMCP_BASE_CLOCK_H

/// Seconds since some fixed moment; never goes back.
double clock_monotonic(void);

/// Seconds since 1970-01-01T00:00:00Z.
double clock_wall(void);

#endif
