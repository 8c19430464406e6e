// Two things stand in the way of TLS 1.3. Wine's Schannel has no name for it: the bit is added where a session is
// created on the Unix side. And the client speaks last in its handshake: InitializeSecurityContextW returns SEC_E_OK
// together with bytes to send, which winhttp drops: they are sent here, on the socket winhttp has just read from.
#define SECURITY_WIN32
#include "tls13.h"

#include "schannel_hook.h"  // <windows.h> first

#include <schannel.h>
#include <security.h>

namespace keyguard_sim {
namespace {

using InitializeContext = decltype(&::InitializeSecurityContextW);
constexpr DWORD kTls13Client = 0x2000;      // SP_PROT_TLS1_3_CLIENT
constexpr unsigned kUnixCreateSession = 3;  // of Wine 10.0
struct Credential {                         // the head of Wine 10.0's structure
  ULONG use;
  DWORD enabled_protocols;
};
struct CreateSessionArguments {  // the head of Wine 10.0's structure
  Credential* credential;
};

SchannelHook hook;

LONG WINAPI UnixCallOfferingTls13(ULONG64 handle, unsigned code, void* arguments) {
  if (code == kUnixCreateSession) {
    static_cast<CreateSessionArguments*>(arguments)->credential->enabled_protocols |= kTls13Client;
  }
  return hook.unix_call(handle, code, arguments);
}

SECURITY_STATUS SEC_ENTRY InitializeSendingLastFlight(PCredHandle credential, PCtxtHandle context, SEC_WCHAR* target,
                                                      ULONG flags, ULONG reserved1, ULONG representation,
                                                      PSecBufferDesc input, ULONG reserved2, PCtxtHandle new_context,
                                                      PSecBufferDesc output, PULONG attributes, PTimeStamp expiry) {
  const auto initialize = reinterpret_cast<InitializeContext>(hook.replaced);
  const SECURITY_STATUS status = initialize(credential, context, target, flags, reserved1, representation, input,
                                            reserved2, new_context, output, attributes, expiry);
  if (status != SEC_E_OK || output == nullptr || output->cBuffers == 0 || LastSocket() == INVALID_SOCKET) return status;
  SecBuffer& flight = output->pBuffers[0];
  if (flight.cbBuffer == 0) return status;
  const int sent = hook.send(LastSocket(), static_cast<char*>(flight.pvBuffer), static_cast<int>(flight.cbBuffer), 0);
  const bool is_whole = sent == static_cast<int>(flight.cbBuffer);
  ::FreeContextBuffer(flight.pvBuffer);
  flight.pvBuffer = nullptr;
  flight.cbBuffer = 0;
  return is_whole ? status : SEC_E_INTERNAL_ERROR;
}

}  // namespace

bool InstallTls13() {
  return InstallSchannelHook("InitializeSecurityContextW", reinterpret_cast<void*>(&InitializeSendingLastFlight),
                             UnixCallOfferingTls13, hook);
}

}  // namespace keyguard_sim
