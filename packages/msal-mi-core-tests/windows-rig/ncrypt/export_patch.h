// Replaces functions of system libraries, in this process only.
#pragma once

#include <windows.h>

namespace keyguard_sim {

// The library of System32, loaded where it is not yet: never one that lies beside the program.
HMODULE SystemLibrary(const wchar_t* name);
// Later look-ups of `name` in `module` find what is returned: a way to `replacement`, or null where there is no room.
void* PatchExport(HMODULE module, const char* name, void* replacement);
// `module` calls `replacement` where it imports `original`.
bool PatchImport(HMODULE module, const void* original, void* replacement);
// Pointers equal to `original` in the writable data of `module` become `replacement`. Returns how many there were.
int PatchPointers(HMODULE module, const void* original, void* replacement);

}  // namespace keyguard_sim
