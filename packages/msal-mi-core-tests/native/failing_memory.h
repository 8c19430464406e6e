// Replaces the allocation functions of a test program: the n-th allocation from now on throws std::bad_alloc.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

namespace failing_memory {
// Below 0: none fails.
inline std::atomic<long> left{-1};
inline std::atomic<bool> has_failed{false};

inline bool IsDue() {
  if (left.load() < 0 || left.fetch_sub(1) != 0) return false;
  has_failed = true;
  return true;
}
}  // namespace failing_memory

void* operator new(std::size_t size) {
  void* const memory = failing_memory::IsDue() ? nullptr : std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return failing_memory::IsDue() ? nullptr : std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
