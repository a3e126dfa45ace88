// The same without vector instructions, as other processors run it.
#include "json_fuzz.c" // NOLINT(bugprone-suspicious-include)
