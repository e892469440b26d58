// SPDX-License-Identifier: MIT
// One conversation with a phone, from its first message to our CleanUp: a message in, an answer
// out, and what is to be stored as values. It knows no socket, no disk and no clock.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/inventory/workpoint.hpp"
#include "provisioning/wpi/difference.hpp"
#include "provisioning/wpi/message.hpp"
#include "provisioning/wpi/news.hpp"
#include "provisioning/wpi/secrets.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace wpi {

struct Policy {
    LocalChanges local_changes = LocalChanges::record;
    bool allow_factory_reset = false;
    /// Until a phone that was told to restart calls again (unknown; default 600 s).
    std::chrono::milliseconds restart_timeout = std::chrono::seconds(600);
    /// A job of a phone that is busy whenever it calls (WPI guide p. 46 has no end; default 24 h).
    std::chrono::milliseconds busy_give_up = std::chrono::hours(24);
    std::chrono::milliseconds file_timeout = std::chrono::seconds(300); ///< until its `status`
    std::chrono::milliseconds firmware_timeout = std::chrono::minutes(30);
};

/// Of what a phone says of itself, as people read it.
constexpr std::size_t longest_model = 64;
/// Of one item in an hour, so that phone and service never play ping-pong.
constexpr unsigned most_restores = 3;
/// Of a job that the phone never answers.
constexpr std::uint32_t most_attempts = 5;

/// What is so outside of the conversation when a message comes. The functions may block.
struct World {
    base::UnixMs now = 0;
    inventory::Workpoint known;       ///< of this phone, before the message
    std::string firmware;             ///< that it ran when it last called; empty: not known
    std::vector<inventory::Job> jobs; ///< of this phone that have not ended, the oldest first
    const Policy& policy;

    std::function<base::Result<std::vector<Item>>()> wanted;
    Hash hash;
    std::function<bool(const inventory::ItemKey&)> may_restore;
    std::function<SecretsVerdict()> secrets;
    /// Secrets go out with the next answer; refused: they may not.
    std::function<base::Status(std::int64_t window)> spend;
    /// Where the phone fetches a job's file.
    std::function<base::Result<std::string>(const inventory::Job&)> file_url;
};

/// An answer.
struct Turn {
    ServiceMessage message;
    bool is_last = false;       ///< the conversation ends with it
    bool is_through = false;    ///< nothing more could be done in it
    bool is_up_to_date = false; ///< the phone has all that it should have
    /// It is in a call, and too old to call by itself when it is idle again.
    bool is_to_be_asked_again = false;
    News news;
};

struct Visit;

class Interaction {
  public:
    // Of one phone's reply (WPI guide p. 69 knows 50 kB for a message, and no bound for its parts).
    static constexpr std::size_t most_fragments = 200;
    static constexpr std::size_t most_partial_bytes = std::size_t{8} << 20U;

    Turn on(const PhoneMessage& message, const World& world);

    /// Whether the message goes on with the parts of an opening one.
    bool is_awaiting(const PhoneMessage& message) const noexcept;

    /// Of a reply that is not there as a whole.
    std::size_t partial_bytes() const noexcept { return partial_bytes_; }

    /// The job whose action is with the phone.
    std::optional<std::int64_t> job() const noexcept { return job_; }

    /// For good or ill: what has to be stored where the conversation ended without a word.
    static JobNews unanswered(const inventory::Job& job);

  private:
    enum class Doing : std::uint8_t {
        nothing,
        reading_all,
        reading,
        writing,
        deploying,
        upgrading,
    };
    enum class Collected : std::uint8_t { all, more, too_much };

    /// What was written and not answered yet: of secrets no more than their hash.
    struct Sent {
        inventory::ItemKey key;
        std::string value;
        base::Digest256 digest{};
    };

    Collected collect(const PhoneMessage& message, std::vector<Item>& whole);
    void drop_partial();

    Turn begin(Visit& visit);
    void look_at_jobs(Visit& visit);
    void look_at_deployment(Visit& visit);
    Turn replied(Visit& visit);
    Turn accepted(Visit& visit);
    Turn failed(Visit& visit);
    Turn busy(Visit& visit);
    Turn gave_up(Visit& visit);

    void took_items(Visit& visit);
    void took_all(Visit& visit);
    void read_some(Visit& visit);

    Turn next(Visit& visit);
    std::optional<Turn> write_difference(Visit& visit, const inventory::Workpoint& known);
    std::optional<Turn> next_job(Visit& visit);
    std::optional<Turn> start(Visit& visit, const inventory::Job& job);
    std::optional<Turn> next_part(Visit& visit, const inventory::Job& job);
    bool has_more(const Visit& visit) const;
    std::optional<Turn> restart(Visit& visit, const inventory::Job& job);
    std::optional<Turn> deploy(Visit& visit, const inventory::Job& job);
    std::optional<Turn> upgrade(Visit& visit, const inventory::Job& job);
    JobNews came_back(const Visit& visit, const inventory::Job& job) const;
    void withhold(Visit& visit, std::vector<Item>& secrets, std::string_view why);
    void send_items(const Visit& visit, const std::vector<Item>& chunk);
    void end_job(Visit& visit, inventory::JobState state, std::string result);

    Turn say(Visit& visit, Action action, std::vector<Item> items = {}) const;
    Turn clean_up(Visit& visit, std::vector<Item> items = {});

    bool begun_ = false;
    Reason opened_by_ = Reason::other;
    std::string firmware_;
    std::string software_type_;
    std::optional<std::size_t> most_items_;

    Doing doing_ = Doing::nothing;
    std::optional<std::int64_t> job_;
    std::vector<Sent> sent_;
    std::set<inventory::ItemKey> offered_; ///< each item goes out once in a conversation
    bool has_read_all_ = false;
    bool has_withheld_ = false;
    bool has_failed_to_render_ = false;
    bool is_for_next_call_ = false; ///< an item went out, and another value is wanted of it now

    // Of a job that reads or writes, in as many messages as it takes.
    std::set<inventory::ItemKey> job_offered_;
    std::size_t job_done_ = 0;              ///< items that were read
    std::vector<std::string> job_problems_; ///< items that were not, or not taken, for people
    std::set<std::int64_t> started_;

    std::vector<Item> partial_;
    Reason partial_reason_ = Reason::other;
    std::string partial_action_;
    std::size_t partial_bytes_ = 0;
    std::size_t fragments_ = 0;
};

/// Whether a job is where it is for as long as `span`. Our clock may be set back meanwhile: that is
/// no reason to give it up.
bool is_overdue(const inventory::Job& job,
                base::UnixMs now,
                std::chrono::milliseconds span) noexcept;

/// A short list of names for people: "sip-pwd, key-label 3 and 4 more".
std::string names_of(const std::vector<inventory::ItemKey>& keys);
std::string some_of(const std::vector<std::string>& words);

} // namespace wpi
