// SPDX-License-Identifier: MIT
// How far a phone came: counted while it lives, told at the end as a sentence, JSON or exit status.
#pragma once

#include "module/phone/subscription.hpp"
#include "module/phone/wpi_report.hpp"
#include "provisioning/base/json.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phone {

/// The program's exit status.
enum class Exit : std::uint8_t {
    configured = 0,
    usage = 2,
    no_answer = 3,
    held = 4,
    no_file = 5,
    not_registered = 6,
    boot_loop = 7,
    local_problem = 8,
    not_answered = 9,
    no_sound = 10,
    untrusted = 11,
};

std::string_view exit_name(Exit exit) noexcept;

/// The last update tried.
struct FirmwareUpdate {
    std::string version;
    int requests = 0;
    std::size_t bytes = 0;
    std::string sha256;  ///< of the complete file
    std::string problem; ///< why it did not become complete
};

struct Report {
    struct Refusal {
        int status = 0;
        std::string from;
    };

    struct Request {
        std::string name;
        int status = 0;
        std::size_t bytes = 0;
        std::string sha256; ///< of a delivered file
    };

    struct Line {
        int line = 0;
        std::string user;
        std::string display_name;
        std::string server;
        bool has_password = false;
        bool registered = false;
        int status = 0;
        std::string reason;
    };

    struct Call {
        std::string number;         ///< of the far end
        std::string_view direction; ///< outgoing, incoming
        bool answered = false;      ///< it stood
        int status = 0;             ///< the INVITE's final one
        std::string reason;
        std::chrono::milliseconds stood_for{0};
        std::uint64_t rtp_sent = 0;
        std::uint64_t rtp_received = 0;
        std::uint64_t rtp_lost = 0;
        std::string rtp_to;   ///< the last address
        std::string rtp_from; ///< the same
        std::string_view codec;
        int reinvites = 0;
        std::string_view ended_by; ///< phone, peer, timeout
    };

    std::string vendor;
    std::string model;
    std::string mac;
    std::string address;

    bool subscribe_sent = false;
    int transmissions = 0; ///< of all SUBSCRIBEs
    int ok_received = 0;
    std::string ok_from;
    std::vector<Refusal> errors_ignored;
    int notify_received = 0; ///< retransmissions not counted
    std::string notify_from;
    std::optional<NotifyChecks> notify_checks; ///< of the last one
    std::string url;                           ///< shortened

    std::vector<std::vector<Request>> walks; ///< one walk along the chain per start or resync
    std::vector<std::string> unknown_names;  ///< in its files
    std::vector<std::string> faults;         ///< of its files, each with the file's name
    std::optional<FirmwareUpdate> firmware;
    std::optional<WpiReport> workpoint;
    int restarts = 0;
    int resyncs = 0;
    std::vector<Line> accounts;
    std::vector<Call> calls;
    bool unregistered = false; ///< the server took every registration back

    Exit exit = Exit::local_problem;
    std::string message; ///< how far it came and what to look at

    base::Json json() const;
};

} // namespace phone
