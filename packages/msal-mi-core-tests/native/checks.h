// A check that counts, so that one run tells every failure.
#pragma once

#include <cstdio>

inline int failures = 0;
#define CHECK(condition)                                                            \
  do {                                                                              \
    if (!(condition)) {                                                             \
      ++failures;                                                                   \
      std::fprintf(stderr, "  FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                               \
  } while (false)
