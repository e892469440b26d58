// SPDX-License-Identifier: MIT
// Every command once: the PBX console, pnpctl and later REST take words, help and completion from
// here.
#pragma once

#include "dialplan/directory.hpp"
#include "dialplan/number_plan.hpp"
#include "pnp/rivals.hpp"
#include "provisioning/base/clock.hpp"
#include "provisioning/base/json.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/new_files.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/profile/catalogue.hpp"
#include "provisioning/profile/wpi/items.hpp"
#include "provisioning/serve/certificates.hpp"
#include "provisioning/serve/files.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace admin {

/// Who asks: goes into the audit line.
struct Caller {
    std::string actor;  ///< "console", "uid 1000"
    base::Secret input; ///< what pnpctl read for us: the password, the file to import
    /// Came over the control socket: files are then read by pnpctl as its user, never by us.
    bool over_socket = false;
    std::string_view only = {}; ///< the one command that may be run; empty: every one
};

/// `text` is what to print as it stands: for a person, or with --json the line of `json`. It ends
/// its last line, unless it is a file's content. Status 0 = done, 1 = refused, 2 = not understood.
struct Reply {
    int status = 0;
    std::string text;
    base::Json json;
    /// What the caller is to have in a folder of its own: over the control socket they are sent
    /// and pnpctl writes them, as its user; for a console they are written already.
    std::vector<base::NewFile> files = {};
};

/// What the commands reach of the running product.
struct Reach {
    inventory::Inventory& inventory;
    dialplan::Directory& directory;
    const base::Clock& clock;
    std::function<std::shared_ptr<const profile::Catalogue>()> catalogue;
    /// Renders on the loop thread's settings; see serve::Files::render.
    std::function<base::Result<std::string>(base::Mac, const std::string& name, bool reveal)>
        render;

    /// Rows for `status`: {name, value, is_problem}.
    struct StatusRow {
        std::string name;
        std::string value;
        bool is_problem = false;
    };

    std::function<std::vector<StatusRow>()> status;
    std::function<base::Result<std::string>()> reload; ///< the sentence that says what changed
    /// Orders one resync; the result arrives in the timeline. The value says where it was sent.
    std::function<base::Result<std::string>(base::Mac, bool reboot)> resync;
    /// Where the offered files come from is another server (offer_url): lines are not needed then.
    std::function<bool(const inventory::Device&)> served_elsewhere;
    /// A phone that was held before this moment waits no more: since then hold_for ran out, or the
    /// program that held it ended.
    std::function<base::UnixMs()> holds_since;
    /// The PBX tells of registrations; without one nobody does.
    bool sees_registrations = false;
    /// The names of the [rule] sections that run.
    std::function<std::vector<std::string>()> rule_names;

    /// One of those sections.
    struct Rule {
        std::string name;
        std::string phones; ///< whom it is about: "vendor htek, in 10.1.2.0/24"
        std::string action;
        bool approves = false; ///< by approve or assign, or as a guest that can be claimed
        std::optional<inventory::Pool> pool;
        bool only_enrolment = false;
        std::size_t most = 0;
        std::size_t approved = 0;
    };

    /// What HTTPS shows to phones.
    struct Certificate {
        serve::CertificateFacts facts;
        std::string file;           ///< of the administrator's own; empty where it is ours
        std::string authority_file; ///< of our CA; empty where it is not ours
    };

    std::function<base::Result<Certificate>()> certificate = {}; ///< null: there is no HTTPS
    std::function<base::Result<std::string>()> authority = {};   ///< our CA's certificate in PEM
    /// Who is slowed or shut out at the file door.
    std::function<std::vector<serve::Files::Penalty>()> penalties = {};
    /// How far each [firmware] section is, in the order of pnp.conf.
    std::function<std::vector<serve::Upgrades::Row>()> firmware = {};
    /// Asks the network as a phone that does not exist; takes some seconds. Who answered.
    std::function<base::Result<std::vector<pnp::Rival>>()> probe = {};
    /// In the order of pnp.conf.
    std::function<base::Result<std::vector<Rule>>()> rules = {};
    /// What everybody gets by TFTP, with this address of ours in it, or that of the only network.
    std::function<base::Result<std::vector<serve::Files::PublicFile>>(std::optional<base::Ipv4>)>
        public_files = {};
    /// What tells one phone its own URL, likewise. Refused for phones that read no card.
    std::function<base::Result<serve::Files::PublicFile>(base::Mac, std::optional<base::Ipv4>)>
        card_file = {};
    /// Where phones are served.
    std::function<std::vector<base::Ipv4>()> own_addresses = {};
    /// Where TFTP is served; nothing: it is off.
    std::function<std::optional<std::vector<base::Endpoint>>()> tftp = {};
    /// Where the Workpoint Interface is served; 0: it is off.
    std::function<std::uint16_t()> wpi_port = [] { return std::uint16_t{18443}; };

    /// What runs of the Workpoint Interface.
    struct Workpoints {
        bool may_reset = false;          ///< option wpi_factory_reset
        std::string file_folder = {};    ///< of the files that jobs deploy (option firmware)
        std::uint16_t poll_port = 18080; ///< where phones ask whether there is work; 0: nowhere
        std::chrono::minutes poll_interval{5}; ///< that phones are told
    };

    /// Nothing, or no function: it is off, and no job would ever be done.
    std::function<std::optional<Workpoints>()> workpoints = {};
    /// The items that a phone is told to have when it calls, with passwords as they are; the error
    /// says why they cannot be made. Blocks.
    std::function<base::Result<std::vector<wpi::Item>>(const inventory::Device&)> wanted_items = {};

    /// Resyncs of many phones; no function: there are none. All block.
    struct Fleet {
        /// Refused while another is under way. Its `begun` is set.
        std::function<base::Status(inventory::Fleet)> begin;
        /// Ends one, or has the ended one go on.
        std::function<base::Status(bool stopped, std::string_view actor)> stop;
        std::function<std::optional<inventory::Fleet>()> report; ///< the last one
        /// Nothing: nobody says.
        std::function<std::optional<bool>(const inventory::Device&)> in_call;
        /// Whether there is a way to tell it; the error says why not.
        std::function<base::Status(const inventory::Device&)> may_be_told;
        std::uint32_t most_per_minute = 600;
    };

    Fleet fleet = {};
    /// The numbers that keys of a phone watch and of which the PBX would tell it nothing. Blocks.
    std::function<std::vector<std::string>(const inventory::Device&)> unwatched = {};
    /// The dial plan of the PBX. Blocks.
    std::function<base::Result<std::shared_ptr<const dialplan::NumberPlan>>()> number_plan = {};
    std::function<std::vector<std::string>()> emergency_numbers = {};
    /// What is dialled at a guest to claim it; the error why nobody can.
    std::function<base::Result<std::string>()> claim_code = {};
    /// Those of pnp.conf, in its order.
    std::function<std::vector<inventory::Pool>()> pools = {};
};

class Commands {
  public:
    explicit Commands(Reach reach);
    ~Commands();
    Commands(const Commands&) = delete;
    Commands& operator=(const Commands&) = delete;

    /// Runs one command; blocks (call it on a worker). `--json` may stand anywhere; a leading
    /// "pnp" is skipped. An unknown word suggests the nearest.
    Reply run(const std::vector<std::string>& words, const Caller& caller);
    /// Words that may stand next after `words` (the last one unfinished): commands, MACs, numbers.
    std::vector<std::string> complete(const std::vector<std::string>& words) const;

    struct Line {
        std::string words;      ///< "show devices"
        std::string_view usage; ///< "assign MAC EXT[,EXT…]"
        std::string_view help;  ///< one sentence
    };

    /// For `help`, man pages and consoles that register each command.
    static std::vector<Line> table();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace admin
