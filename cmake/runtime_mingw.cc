// mingw only: takes the place of parts of libstdc++, which would be a fifth of every addon. MSVC has nothing like them.
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>

// libstdc++'s own prints the type of what was thrown, for which it links a demangler and formatted output.
namespace __gnu_cxx {
void __verbose_terminate_handler() { std::abort(); }
}  // namespace __gnu_cxx

// What containers, strings and locks call when they fail. libstdc++'s own have an exception with a text for each, and
// with those come two more kinds of strings and random devices. Here nobody tells them apart: whatever the standard
// library throws is reported as out of memory (win32_error.h). One that is missing comes from libstdc++ again, and
// costs only bytes.
namespace {
[[noreturn]] void Fail() { throw std::bad_alloc(); }
}  // namespace

namespace std {
void __throw_bad_alloc() { Fail(); }
void __throw_bad_array_new_length() { Fail(); }
void __throw_bad_cast() { Fail(); }
void __throw_bad_function_call() { Fail(); }
void __throw_invalid_argument(const char*) { Fail(); }
void __throw_length_error(const char*) { Fail(); }
void __throw_logic_error(const char*) { Fail(); }
void __throw_out_of_range(const char*) { Fail(); }
void __throw_out_of_range_fmt(const char*, ...) { Fail(); }
void __throw_runtime_error(const char*) { Fail(); }
void __throw_system_error(int) { Fail(); }

// Its members lie beside the locks of shared pointers.
bad_weak_ptr::~bad_weak_ptr() noexcept = default;
const char* bad_weak_ptr::what() const noexcept { return "bad_weak_ptr"; }
}  // namespace std
