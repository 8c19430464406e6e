#pragma once

namespace msal_mi {

// Keeps this library in memory until the process ends. A worker that exits would otherwise unload it under WinHTTP's
// threads, which may still have to call back.
void PinModule() noexcept;

}  // namespace msal_mi
