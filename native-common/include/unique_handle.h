// Sole owner of a Win32 handle: closes it once, moves, never copies. "None" is zero for every handle type in use.
#pragma once

#include <utility>

namespace msal_mi {

// Traits: `using Raw = ...; static void close(Raw) noexcept;`
template <typename Traits>
class UniqueHandle {
 public:
  using Raw = typename Traits::Raw;

  UniqueHandle() noexcept = default;
  explicit UniqueHandle(Raw raw) noexcept : raw_(raw) {}
  UniqueHandle(UniqueHandle&& other) noexcept : raw_(other.release()) {}
  UniqueHandle& operator=(UniqueHandle&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueHandle(const UniqueHandle&) = delete;
  UniqueHandle& operator=(const UniqueHandle&) = delete;
  ~UniqueHandle() { reset(); }

  Raw get() const noexcept { return raw_; }
  explicit operator bool() const noexcept { return raw_ != Raw{}; }

  // For Win32 out-parameters. Closes what is held.
  Raw* out() noexcept {
    reset();
    return &raw_;
  }

  // Gives the handle away: to a caller, or to a Win32 function that consumes its argument.
  [[nodiscard]] Raw release() noexcept { return std::exchange(raw_, Raw{}); }

  void reset(Raw next = Raw{}) noexcept {
    const Raw old = std::exchange(raw_, next);
    if (old != Raw{}) Traits::close(old);
  }

 private:
  Raw raw_{};
};

}  // namespace msal_mi
