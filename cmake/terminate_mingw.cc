// mingw only. What libstdc++ does in std::terminate is print the type of what was thrown, for which it links a
// demangler and formatted output into every addon: an eighth of its size. MSVC prints nothing either.
#include <cstdlib>
#include <exception>

namespace __gnu_cxx {
void __verbose_terminate_handler() { std::abort(); }
}  // namespace __gnu_cxx
