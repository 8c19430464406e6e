#pragma once

namespace keyguard_sim {

// Wine gives up when a server asks for a certificate late, by a TLS 1.2 HelloRequest; Windows answers. This makes
// winhttp of this process answer too. Before the process' first https request. False where Wine is not as expected.
bool InstallRenegotiation();

}  // namespace keyguard_sim
