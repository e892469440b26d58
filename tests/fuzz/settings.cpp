// SPDX-License-Identifier: MIT
// Any text as pnp.conf: it is read, or refused with its line and a name.
// rooms: engine
#include "module/settings.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto settings = engine::read_settings(text, "fuzz.conf", {});
    if (!settings) {
        return settings.error().what.rfind("fuzz.conf", 0) == 0 ? 0 : (std::abort(), 1);
    }
    const auto again = engine::read_settings(text, "fuzz.conf", {});
    if (!again || !engine::needs_restart(*settings, *again).empty()) {
        std::abort();
    }
    return 0;
}
