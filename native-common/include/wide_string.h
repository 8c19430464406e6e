// JavaScript strings are UTF-16 and so are Windows': they cross as std::u16string and are converted once, here.
#pragma once

#include <string>
#include <string_view>

#include "win32_error.h"

namespace msal_mi {

// Refuses an embedded NUL: Windows would see a shorter string than the one that was checked.
inline std::wstring ToWide(std::u16string_view text) {
  if (text.find(u'\0') != std::u16string_view::npos) throw Win32Error("ToWide", kErrorInvalidParameter);
  return std::wstring(text.begin(), text.end());
}

inline std::u16string FromWide(std::wstring_view text) { return std::u16string(text.begin(), text.end()); }

}  // namespace msal_mi
