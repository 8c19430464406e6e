// Ways into Wine's TLS that no public function offers: between winhttp and Schannel, and between Schannel and its Unix
// side. They rest on internals of Wine 10.0.
#pragma once

#include <winsock2.h>
// winsock2 before windows
#include <windows.h>

namespace keyguard_sim {

using UnixCall = LONG(WINAPI*)(ULONG64 handle, unsigned code, void* arguments);

// What is behind the hooks. Set once they are installed.
struct SchannelHook {
  UnixCall unix_call = nullptr;
  decltype(&::recv) receive = nullptr;
  decltype(&::send) send = nullptr;
  // The function of secur32 that was replaced.
  void* replaced = nullptr;
};

// `name` of secur32 becomes `replacement` for winhttp, and secur32 reaches its Unix side through `unix_call`. `hook` is
// written before either can be called. False when this is another Wine.
bool InstallSchannelHook(const char* name, void* replacement, UnixCall unix_call, SchannelHook& hook);

// The socket that winhttp read from last, on this thread.
SOCKET LastSocket();

// A function of secur32; null where there is none.
void* SchannelFunction(const char* name);

}  // namespace keyguard_sim
