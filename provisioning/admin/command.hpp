// SPDX-License-Identifier: MIT
// One command as a row: its words, places and options, and the function that carries it out.
#pragma once

#include "provisioning/admin/commands.hpp"

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace admin {

/// What may stand at a place of a command; completion offers it.
enum class Place : std::uint8_t {
    none,
    mac,
    number,
    numbers,
    state,
    file,
    chain_file,
    command,
    dhcp_server,
    lease_action,
    item,       ///< ITEM,ITEM of the phone that stands before
    item_value, ///< ITEM=VALUE
    phone_file, ///< of those that jobs deploy
    file_type,
    job,
    word, ///< any; nothing completes it
};

struct Option {
    std::string_view name;  ///< "--name"
    std::string_view value; ///< "N" in the help; empty: the option stands alone
    std::string_view help;
};

/// The words behind the command's own, sorted.
struct Call {
    const Reach& reach;
    const Caller& caller;
    inventory::Snapshot now;
    std::vector<std::string> places;
    std::map<std::string_view, std::string_view> options;

    bool has(std::string_view option) const { return options.contains(option); }
};

struct Command {
    std::string_view word;
    std::string_view second; ///< "devices" of `show devices`; empty where one word is enough
    std::string_view usage;
    std::string_view help;
    std::array<Place, 4> places{};
    std::size_t required = 0; ///< places that must be filled
    std::span<const Option> options;
    Reply (*run)(Call& call) = nullptr;
    bool repeats = false; ///< its last place takes any number of words

    std::string name() const;
    std::size_t most_places() const noexcept; ///< that differ
};

/// In the order in which `help` lists them.
std::span<const Command> commands() noexcept;

/// The command that `words` start with, and how many words name it; an error suggests the nearest.
struct Found {
    const Command* command = nullptr;
    std::size_t words = 0;
};

base::Result<Found> find_command(std::span<const std::string> words);

// The parts of replies.
Reply done(std::string text, base::Json json);
Reply refused(std::string text);
Reply refused(const base::Error& error);
Reply misunderstood(std::string text);

/// Reads a place as a MAC; the error says which digits are wrong.
base::Result<base::Mac> read_mac(std::string_view text);
/// "; did you mean 'x'?" or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

// The commands, by subject.
Reply run_status(Call& call);
Reply run_show_devices(Call& call);
Reply run_show_device(Call& call);
Reply run_explain(Call& call);
Reply run_show_extensions(Call& call);
Reply run_show_audit(Call& call);
Reply run_show_certificate(Call& call);
Reply run_show_ca(Call& call);
Reply run_extension_add(Call& call);
Reply run_extension_remove(Call& call);
Reply run_extension_pin(Call& call);
Reply run_guest(Call& call);
Reply run_unlock(Call& call);
Reply run_approve(Call& call);
Reply run_block(Call& call);
Reply run_assign(Call& call);
Reply run_unassign(Call& call);
Reply run_replace(Call& call);
Reply run_swap(Call& call);
Reply run_import(Call& call);
Reply run_export(Call& call);
Reply run_render(Call& call);
Reply run_lint(Call& call);
Reply run_show_settings(Call& call);
Reply run_resync(Call& call);
Reply run_resync_all(Call& call);
Reply run_resync_stop(Call& call);
Reply run_resync_resume(Call& call);
Reply run_show_resync(Call& call);
Reply run_rotate(Call& call);
Reply run_show_tokens(Call& call);
Reply run_show_penalties(Call& call);
Reply run_show_firmware(Call& call);
Reply run_enrol_start(Call& call);
Reply run_enrol(Call& call);
Reply run_enrol_stop(Call& call);
Reply run_show_enrolments(Call& call);
Reply run_show_rules(Call& call);
Reply run_show_pools(Call& call);
Reply run_export_audit(Call& call);
Reply run_export_sdcard(Call& call);
Reply run_export_tftp(Call& call);
Reply run_show_jobs(Call& call);
Reply run_show_items(Call& call);
Reply run_job_read(Call& call);
Reply run_job_write(Call& call);
Reply run_job_restart(Call& call);
Reply run_job_reset(Call& call);
Reply run_job_deploy(Call& call);
Reply run_job_cancel(Call& call);
Reply run_probe(Call& call);
Reply run_dialplan(Call& call);
Reply run_dhcp(Call& call);
Reply run_dhcp_event(Call& call);
Reply run_reload(Call& call);
Reply run_help(Call& call);
Reply run_version(Call& call);

/// The words that `show devices` filters by.
std::span<const std::string_view> device_states() noexcept;
bool is_in_state(const inventory::Device& device, std::string_view state, base::UnixMs now);

/// What a file that a job deploys may be.
std::span<const std::string_view> job_file_types() noexcept;

/// The vendor behind a device by what it said of itself; nullptr when unknown.
const profile::Vendor*
vendor_of(const profile::Catalogue* catalogue, base::Mac mac, const inventory::Device* device);
/// How many lines it takes: the vendor's number, 16 where the vendor is not known yet.
std::size_t
most_lines(const profile::Catalogue* catalogue, base::Mac mac, const inventory::Device* device);

} // namespace admin
