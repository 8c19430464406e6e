#include "schannel_hook.h"

#include "export_patch.h"

namespace keyguard_sim {
namespace {

decltype(&::recv) real_receive = nullptr;
thread_local SOCKET last_socket = INVALID_SOCKET;

int WSAAPI ReceiveNotingSocket(SOCKET socket, char* buffer, int size, int flags) {
  last_socket = socket;
  return real_receive(socket, buffer, size, flags);
}

void* Find(HMODULE module, const char* name) {
  return module == nullptr ? nullptr : reinterpret_cast<void*>(::GetProcAddress(module, name));
}

}  // namespace

bool InstallSchannelHook(const char* name, void* replacement, UnixCall unix_call, SchannelHook& hook) {
  const HMODULE winhttp = SystemLibrary(L"winhttp.dll");
  const HMODULE secur32 = SystemLibrary(L"secur32.dll");
  const HMODULE sockets = SystemLibrary(L"ws2_32.dll");
  auto* dispatcher = static_cast<void**>(Find(::GetModuleHandleW(L"ntdll.dll"), "__wine_unix_call_dispatcher"));
  void* const receive = Find(sockets, "recv");
  hook.replaced = Find(secur32, name);
  hook.receive = real_receive = reinterpret_cast<decltype(&::recv)>(receive);
  hook.send = reinterpret_cast<decltype(&::send)>(Find(sockets, "send"));
  if (winhttp == nullptr || dispatcher == nullptr || !hook.replaced || !hook.receive || !hook.send) return false;
  hook.unix_call = reinterpret_cast<UnixCall>(*dispatcher);

  if (PatchPointers(secur32, *dispatcher, reinterpret_cast<void*>(unix_call)) == 0) return false;
  if (!PatchImport(winhttp, receive, reinterpret_cast<void*>(&ReceiveNotingSocket))) return false;
  PatchPointers(winhttp, hook.replaced, replacement);  // where winhttp looked it up already
  return PatchExport(secur32, name, replacement) != nullptr;
}

SOCKET LastSocket() { return last_socket; }

void* SchannelFunction(const char* name) { return Find(SystemLibrary(L"secur32.dll"), name); }

}  // namespace keyguard_sim
