// What WinHTTP's status callback says, in the words of the state machine.
#pragma once

#include "winhttp_api.h"  // <windows.h> first

#include "request_machine.h"

namespace msal_mi {

// Tells the machine of every status that needs nothing but the machine; the others change nothing.
RequestMachine::Notice TellStatus(RequestMachine& machine, DWORD status, const void* value) noexcept;

}  // namespace msal_mi
