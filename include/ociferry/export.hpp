#pragma once

/// Marks what the shared library exports. Whatever else is in it cannot be linked with.
#if defined(__GNUC__)
#define OCIFERRY_EXPORT __attribute__((visibility("default")))
#else
#define OCIFERRY_EXPORT
#endif
