// Two things stand in the way of TLS 1.3. Wine's Schannel has no name for it: the bit is added where a session is
// created on the Unix side. And the client speaks last in its handshake: InitializeSecurityContextW returns SEC_E_OK
// together with bytes to send, which winhttp drops: they are sent here, on the socket winhttp has just read from.
#define SECURITY_WIN32
#include "tls13.h"

#include <winsock2.h>
// winsock2 before windows
#include <windows.h>

#include <schannel.h>
#include <security.h>

#include "export_patch.h"

namespace keyguard_sim {
namespace {

using InitializeContext = decltype(&::InitializeSecurityContextW);
using Receive = decltype(&::recv);
using Send = decltype(&::send);
using UnixCall = LONG(WINAPI*)(ULONG64 handle, unsigned code, void* arguments);

constexpr DWORD kTls13Client = 0x2000;      // SP_PROT_TLS1_3_CLIENT
constexpr unsigned kUnixCreateSession = 3;  // of Wine 10.0
struct Credential {                         // the head of Wine 10.0's structure
  ULONG use;
  DWORD enabled_protocols;
};
struct CreateSessionArguments {  // the head of Wine 10.0's structure
  Credential* credential;
};

InitializeContext real_initialize = nullptr;
Receive real_receive = nullptr;
Send send_bytes = nullptr;
UnixCall real_unix_call = nullptr;
thread_local SOCKET last_socket = INVALID_SOCKET;

int WSAAPI ReceiveNotingSocket(SOCKET socket, char* buffer, int size, int flags) {
  last_socket = socket;
  return real_receive(socket, buffer, size, flags);
}

LONG WINAPI UnixCallOfferingTls13(ULONG64 handle, unsigned code, void* arguments) {
  if (code == kUnixCreateSession) {
    static_cast<CreateSessionArguments*>(arguments)->credential->enabled_protocols |= kTls13Client;
  }
  return real_unix_call(handle, code, arguments);
}

SECURITY_STATUS SEC_ENTRY InitializeSendingLastFlight(PCredHandle credential, PCtxtHandle context, SEC_WCHAR* target,
                                                      ULONG flags, ULONG reserved1, ULONG representation,
                                                      PSecBufferDesc input, ULONG reserved2, PCtxtHandle new_context,
                                                      PSecBufferDesc output, PULONG attributes, PTimeStamp expiry) {
  const SECURITY_STATUS status = real_initialize(credential, context, target, flags, reserved1, representation, input,
                                                 reserved2, new_context, output, attributes, expiry);
  if (status != SEC_E_OK || output == nullptr || output->cBuffers == 0 || last_socket == INVALID_SOCKET) return status;
  SecBuffer& flight = output->pBuffers[0];
  if (flight.cbBuffer == 0) return status;
  const int sent = send_bytes(last_socket, static_cast<char*>(flight.pvBuffer), static_cast<int>(flight.cbBuffer), 0);
  const bool is_whole = sent == static_cast<int>(flight.cbBuffer);
  ::FreeContextBuffer(flight.pvBuffer);
  flight.pvBuffer = nullptr;
  flight.cbBuffer = 0;
  return is_whole ? status : SEC_E_INTERNAL_ERROR;
}

template <typename Function>
Function Find(HMODULE module, const char* name) {
  return reinterpret_cast<Function>(reinterpret_cast<void*>(::GetProcAddress(module, name)));
}

}  // namespace

bool InstallTls13() {
  const HMODULE winhttp = SystemLibrary(L"winhttp.dll");
  const HMODULE secur32 = SystemLibrary(L"secur32.dll");
  const HMODULE sockets = SystemLibrary(L"ws2_32.dll");
  const HMODULE ntdll = ::GetModuleHandleW(L"ntdll.dll");
  if (winhttp == nullptr || secur32 == nullptr || sockets == nullptr || ntdll == nullptr) return false;
  auto* dispatcher = Find<void**>(ntdll, "__wine_unix_call_dispatcher");
  real_initialize = Find<InitializeContext>(secur32, "InitializeSecurityContextW");
  real_receive = Find<Receive>(sockets, "recv");
  send_bytes = Find<Send>(sockets, "send");
  if (dispatcher == nullptr || !real_initialize || !real_receive || !send_bytes) return false;
  real_unix_call = reinterpret_cast<UnixCall>(*dispatcher);

  void* const initialize = reinterpret_cast<void*>(&InitializeSendingLastFlight);
  if (PatchPointers(secur32, *dispatcher, reinterpret_cast<void*>(&UnixCallOfferingTls13)) == 0) return false;
  if (!PatchImport(winhttp, reinterpret_cast<void*>(real_receive), reinterpret_cast<void*>(&ReceiveNotingSocket))) {
    return false;
  }
  PatchPointers(winhttp, reinterpret_cast<void*>(real_initialize), initialize);  // where winhttp looked it up already
  return PatchExport(secur32, "InitializeSecurityContextW", initialize) != nullptr;
}

}  // namespace keyguard_sim
