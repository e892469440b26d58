// SPDX-License-Identifier: MIT
// Whatever a DHCP server says of a lease, with host names of strangers: each command names a device
// and an address, and no word of it is an option that is not ours.
// rooms: ctl
#include "module/ctl/leases.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "tests/fuzz/demand.hpp"

#include <cstdint>
#include <map>

/// Words, one a line, and among them NAME=VALUE for the environment.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    std::vector<std::string> words;
    std::map<std::string, std::string, std::less<>> variables;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const std::string line(rest.substr(0, end));
        if (const auto equals = line.find('='); equals != std::string::npos) {
            variables[line.substr(0, equals)] = line.substr(equals + 1);
        } else {
            words.push_back(line);
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    const auto commands = ctl::lease_commands(words, [&](const char* name) {
        const auto found = variables.find(std::string_view(name));
        return found == variables.end() ? nullptr : found->second.c_str();
    });
    demand(commands.size() <= 64);
    for (const auto& command : commands) {
        demand(command.size() >= 4 && command.size() <= 6 && command[0] == "dhcp-event");
        demand(base::Mac::parse(command[2]) && base::Ipv4::parse(command[3]));
        for (std::size_t i = 4; i < command.size(); ++i) {
            demand(!command[i].starts_with('-') || command[i].starts_with("--vendor-class="));
        }
    }
    return 0;
}
