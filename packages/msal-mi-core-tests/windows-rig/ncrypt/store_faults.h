#pragma once

namespace keyguard_sim {

// From now on certificate stores fail where a test wants them to.
void InstallStoreFaults();

}  // namespace keyguard_sim
