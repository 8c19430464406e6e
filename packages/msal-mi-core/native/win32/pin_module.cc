#include <windows.h>

#include "pin_module.h"

namespace msal_mi {

void PinModule() noexcept {
  HMODULE self = nullptr;
  // Cannot fail for an address inside of this module; pinned modules are never freed.
  ::GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       reinterpret_cast<LPCWSTR>(&PinModule), &self);
}

}  // namespace msal_mi
