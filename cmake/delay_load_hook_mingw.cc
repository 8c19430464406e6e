// mingw only; with MSVC, cmake-js brings a hook of its own. Two delayed imports are answered here:
// - node.exe: with the running program, whatever it is called (Electron, single executables, renamed copies);
// - system libraries: from System32, so that a DLL planted beside the addon is never loaded.
#include <windows.h>

#include <delayimp.h>

static FARPROC WINAPI ResolveDelayed(unsigned event, PDelayLoadInfo load) {
  if (event != dliNotePreLoadLibrary) return nullptr;
  if (lstrcmpiA(load->szDll, "node.exe") == 0) return reinterpret_cast<FARPROC>(GetModuleHandleA(nullptr));
  return reinterpret_cast<FARPROC>(LoadLibraryExA(load->szDll, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32));
}

// Declared by delayimp.h.
PfnDliHook __pfnDliNotifyHook2 = ResolveDelayed;
