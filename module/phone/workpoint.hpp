// SPDX-License-Identifier: MIT
// An OpenStage's side of the Workpoint Interface: what it says first, and what it does when told.
// Pure: the words go out and come in by whoever has the connection.
#pragma once

#include "module/phone/vendor.hpp"
#include "module/phone/wpi_message.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phone {

/// What firmware of an age can do.
struct WpiAbilities {
    bool attaches_changes = true; ///< from V2 R2 on
    bool polls = true;            ///< from V2 R0 on
    bool sends_solicited = true;  ///< when idle, if CleanUp said so: from V3 R3 on
};

/// Of "V3 R5.12.0". An error names the spelling that was expected.
base::Result<WpiAbilities> abilities_of(std::string_view version);

/// "3.5.21.0" and "V3 R5.21.0" as the phone tells it.
std::string told_version(std::string_view version);

struct WpiLimits {
    int max_items = -1;                ///< of one message, either way; -1 for none
    std::size_t chunk = 50'000;        ///< bytes of a message before it is split (guide p. 69)
    std::string contact_port = "8085"; ///< as contact-me-uri tells it
};

/// Counts for the report.
struct WpiCounts {
    std::map<std::string, int> reasons; ///< interactions by what began them
    std::map<std::string, int> actions; ///< by their names
    int items_written = 0;
    int items_refused = 0; ///< in replies to WriteItems
    int items_read = 0;    ///< given to the service
    int fragments = 0;     ///< messages with fragment="next"
    int busy = 0;          ///< replies
    int failed = 0;        ///< the same
};

/// A file it was told to fetch or to delete.
struct Deployment {
    std::string url; ///< empty: not by HTTPS, which alone is played
    std::string name;
    std::string type;
    std::string index;   ///< empty for a single one, which alone has a status
    std::string version; ///< of firmware
    bool deletes = false;
};

struct WpiStep {
    enum class Kind : std::uint8_t {
        send,          ///< `message` is the next thing to say
        end,           ///< CleanUp
        restart,       ///< the same with another start
        factory_reset, ///< fresh from the box, then a start
        fetch,         ///< `files`, then status() for a single one
        upgrade,       ///< the only one of `files`
    };
    Kind kind = Kind::end;
    std::string message{};
    std::vector<Deployment> files{};
};

class Workpoint {
  public:
    /// `values` is the phone's flash, which the service's writing changes; it outlives this.
    Workpoint(Identity identity, base::Ipv4 address, WpiLimits limits, Values& values);

    /// Opens an interaction.
    std::string begin(std::string_view reason);
    /// Takes the answer to what was said last. `in_call`: it refuses to be written (guide p. 46).
    /// The error is what the service did wrong; complaint() may be said about it.
    base::Result<WpiStep> take(std::string_view body, bool in_call);
    /// The end of a conversation in which the service went wrong.
    std::string complaint(std::string_view why);
    /// What became of a single file.
    std::string
    status(const Deployment& file, bool ok, std::string_view date, std::string_view time);
    /// Keeps in the list of files what became of one.
    void keep(const Deployment& file, bool ok, std::string_view date, std::string_view time);

    /// Somebody changed an item at the phone itself. The error is what that item takes.
    base::Status change(std::string_view name, std::string_view index, std::string value);

    bool has_changes() const noexcept { return !changes_.empty(); }

    /// CleanUp asked for a contact when the phone is idle again.
    bool owes_contact() const noexcept { return owes_contact_; }

    void restart();                   ///< forgets what a start does not keep
    void reset();                     ///< to the factory's values
    void rename(std::string version); ///< after an update

    const WpiAbilities& abilities() const noexcept { return abilities_; }

    const WpiCounts& counts() const noexcept { return counts_; }

    /// Items of the last WriteItems that some firmware would have decoded otherwise.
    const std::vector<std::string>& doubtful() const noexcept { return doubtful_; }

    std::string device_id() const { return told("mac-addr"); }

    /// The item's value: what is in the flash, or the factory's.
    std::string value_of(std::string_view name) const;

  private:
    std::string say(PhoneWords words);
    std::string say_parts(std::string_view action, std::vector<WpiItem> items);
    std::string next_part();
    std::string reply(std::string_view action, std::string_view status);
    std::vector<WpiItem> basic_items() const;
    std::vector<WpiItem> all_items() const;
    std::string told(std::string_view name) const; ///< of those that are no configuration
    std::vector<WpiItem> read(const std::vector<WpiItem>& wanted) const;
    std::vector<WpiItem> write(const std::vector<WpiItem>& wanted);
    base::Result<WpiStep> obey(const ServiceWords& words, bool in_call);
    WpiStep clean_up(const ServiceWords& words);
    WpiStep deploy(const ServiceWords& words, bool in_call);

    Identity identity_;
    base::Ipv4 address_;
    WpiLimits limits_;
    Values& values_;
    WpiAbilities abilities_;
    WpiCounts counts_;
    std::string nonce_;  ///< of what was said last
    std::string reason_; ///< of this interaction
    std::string action_; ///< that the parts answer
    std::deque<std::vector<WpiItem>> parts_;
    std::vector<std::string> changes_; ///< keys
    std::size_t changes_said_ = 0;     ///< of them, in this interaction
    bool owes_contact_ = false;
    std::vector<std::string> doubtful_;
};

} // namespace phone
