// SPDX-License-Identifier: MIT
// The life of a phone that is told where its files are by DHCP and by earlier files (guide §2.4).
#include "module/phone/firmware.hpp"
#include "module/phone/panasonic_file.hpp"
#include "module/phone/phone.hpp"
#include "module/phone/url.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <tuple>

namespace phone {

namespace {

constexpr int http_seconds = 30;
constexpr std::size_t most_remarks = 100; // of each kind, in the report

void remember(std::vector<std::string>& list, std::string text) {
    if (list.size() < most_remarks && std::find(list.begin(), list.end(), text) == list.end()) {
        list.push_back(std::move(text));
    }
}

std::string first_word_of(const FileAnswer& answer) {
    return answer.status == 0 ? answer.error : std::to_string(answer.status);
}

} // namespace

Provisioning Phone::plan() const {
    return vendor_.provisioning(flash_.values, settings_.identity);
}

Exit Phone::start_by_files() {
    lines_.clear();
    next_check_.reset();
    preprovision();
    auto checked = check_files();
    while (!stopped_ && problem_.empty() && upgrade()) {
        checked = check_files();
    }
    return judge_files(checked);
}

/// Guide §2.4.2: once, by a phone that never applied a file. What it says counts at once.
void Phone::preprovision() {
    const auto plan = this->plan();
    if (!flash_.layers.is_fresh() || !plan.asks_option66 || stopped_) {
        return;
    }
    if (settings_.option66.empty()) {
        trace_.step("no option 66: a real phone asks its maker's redirect service now");
        return;
    }
    report_.walks.emplace_back();
    const FileUrl file{fmt::format("tftp://{}/{}", settings_.option66, plan.boot_file), {}};
    fetch_layer("pre-provisioning", file, flash_.layers.boot);
    flash_.values = flash_.layers.merged();
    keep_flash();
}

/// The URLs are those known before it: one that a file changes counts from the next check on
/// (guide §5.4.5).
Phone::Checked Phone::check_files() {
    Checked checked;
    const auto plan = this->plan();
    if (!plan.enabled) {
        trace_.step("provisioning is switched off by PROVISION_ENABLE");
        next_check_.reset();
        return checked;
    }
    report_.walks.emplace_back();
    const std::array<std::tuple<std::string_view, const FileUrl*, Layer*>, 3> files{{
        {"master", &plan.master, &flash_.layers.master},
        {"product", &plan.product, &flash_.layers.product},
        {"standard", &plan.standard, &flash_.layers.standard},
    }};
    for (const auto& [name, file, layer] : files) {
        if (!file->url.empty() && !stopped_) {
            report_.url = shorten_url(file->url);
            const auto one = fetch_layer(name, *file, *layer);
            checked.failed = checked.failed || one.failed;
            checked.loaded = checked.loaded || one.loaded;
        }
    }
    flash_.values = flash_.layers.merged();
    keep_flash();
    const auto news = this->plan();
    next_check_ = next_check(news, checked.failed, base::steady_now(), time_);
    if (news.daily && !news.has_clock) {
        trace_.step("CFG_RESYNC_TIME without NTP_ADDR: its clock is not set, it never checks");
    } else if (next_check_) {
        trace_.step("the next check is due in {} of its minutes",
                    (*next_check_ - base::steady_now() + time_.minute / 2) / time_.minute);
    }
    return checked;
}

Phone::Checked Phone::fetch_layer(std::string_view name, const FileUrl& file, Layer& layer) {
    const auto plan = this->plan();
    auto& row = report_.walks.back().emplace_back();
    row.name = base::printable(file_name(file.url));
    if (!file.fault.empty()) {
        trace_.step("{} {}: {}", name, row.name, file.fault);
        return {true, false};
    }
    FileRequest request{file.url, plan.user_agent, {}, {}, http_seconds};
    request.http10 = plan.http10;
    request.follows = false; // the guide knows no redirections
    if (layer.url == file.url) {
        request.etag = layer.etag;
        request.last_modified = layer.last_modified;
    }
    const auto others = descriptors();
    const auto answer = fetcher_->get(request, others, [this] { return hear(); });
    if (stopped_) {
        return {};
    }
    row.status = answer.status;
    row.bytes = answer.body.size();
    if (answer.status == 304) {
        trace_.step("GET {} ({}) → 304", row.name, name);
        return {};
    }
    if (answer.status != 200) {
        trace_.step("GET {} ({}) → {}", row.name, name, first_word_of(answer));
        return {true, false};
    }
    row.sha256 = base::hex(base::sha256(answer.body));
    const bool taken = take_layer(name, answer, layer);
    layer.url = taken ? file.url : layer.url;
    return {false, taken};
}

bool Phone::take_layer(std::string_view name, const FileAnswer& answer, Layer& layer) {
    const auto& shown = report_.walks.back().back().name;
    const auto refuse = [&](std::string_view why) {
        trace_.step("GET {} ({}) → 200, {} bytes, refused: {}", shown, name, answer.body.size(),
                    base::printable(why));
        remember(report_.faults, fmt::format("{}: refused: {}", shown, base::printable(why)));
        return false;
    };
    const auto file = vendor_.read_strictly(answer.body, settings_.bad_line);
    if (!file) {
        return refuse(file.error().what);
    }
    const bool is_boot = &layer == &flash_.layers.boot;
    const auto sum = flash_.layers.bytes() - layer.bytes + answer.body.size();
    if (!is_boot && sum > largest_panasonic_file) {
        return refuse(fmt::format("its files would have {} bytes together, and {} are the most",
                                  sum, largest_panasonic_file));
    }
    trace_.step("GET {} ({}) → 200, {} bytes, accepted: {} parameters", shown, name,
                answer.body.size(), file->values.size());
    for (const auto& unknown : file->unknown) {
        remember(report_.unknown_names, base::printable(unknown, 60));
    }
    if (!file->unknown.empty()) {
        trace_.step("  {} names this phone does not know, such as {}", file->unknown.size(),
                    base::printable(file->unknown.front(), 60));
    }
    for (const auto& fault : file->faults) {
        remember(report_.faults, fmt::format("{}: {}", shown, fault));
    }
    if (!file->faults.empty()) {
        trace_.step("  {} lines left out, the first is {}", file->faults.size(),
                    file->faults.front());
    }
    for (const auto& [key, value] : file->values) {
        layer.values.insert_or_assign(key, value); // §5.2.1: what is left out stays
    }
    layer.bytes = answer.body.size();
    layer.etag = answer.etag;
    layer.last_modified = answer.last_modified;
    return true;
}

Exit Phone::judge_files(Checked checked) {
    if (!problem_.empty()) {
        return end(Exit::local_problem, problem_);
    }
    if (stopped_) {
        return end(Exit::no_file, "stopped by a signal while it fetched its files");
    }
    if (flash_.layers.bytes() > 0) {
        return Exit::configured;
    }
    if (flash_.layers.is_fresh()) {
        return end(Exit::no_file,
                   settings_.option66.empty()
                       ? "fresh from the box, and no option 66: give the TFTP server's address by "
                         "--option66, as DHCP would"
                       : fmt::format("no {} by TFTP from {}: does PBX PnP serve TFTP there?",
                                     plan().boot_file, settings_.option66));
    }
    if (checked.failed) {
        return end(Exit::held,
                   fmt::format("held: it knows its URL, and there is no file yet; {}approve the "
                               "phone, and see `pnp explain {}` on the PBX",
                               next_check_ ? "" : "without CFG_CYCLIC it asks no more; ",
                               report_.mac));
    }
    return end(Exit::no_file, "it has no URL, or no file it accepts: look at the answers above");
}

Exit Phone::restart_by_files() {
    trace_.step("told to restart");
    ++report_.restarts;
    const auto exit = start_by_files();
    return exit == Exit::configured ? go_into_service() : exit;
}

Exit Phone::look_again(Exit exit) {
    const auto before = vendor_.accounts(flash_.values);
    const auto name = vendor_.sip_user_agent(settings_.identity, flash_.values);
    const auto checked = check_files();
    if (stopped_) {
        return exit;
    }
    if (checked.loaded && wants_firmware()) {
        lines_.clear();
        const auto started = upgrade() ? start_by_files() : judge_files(checked);
        return started == Exit::configured ? go_into_service() : started;
    }
    const auto judged = judge_files(checked);
    const bool same = vendor_.accounts(flash_.values) == before &&
                      vendor_.sip_user_agent(settings_.identity, flash_.values) == name;
    if (judged != Exit::configured || (same && exit != Exit::held)) {
        return judged != Exit::configured ? judged : exit;
    }
    lines_.clear();
    return go_into_service();
}

/// Its first file says no more than where its own one is and when to ask for it: who wants to
/// register waits for that, but not for ever.
Exit Phone::look_for_lines(Exit exit) {
    constexpr int most_looks = 3;
    for (int looks = 0; looks < most_looks && exit == Exit::configured && next_check_ &&
                        vendor_.accounts(flash_.values).empty();
         ++looks) {
        while (!stopped_ && base::steady_now() < *next_check_) {
            attend(*next_check_);
        }
        if (stopped_) {
            break;
        }
        exit = judge_files(check_files());
    }
    return exit;
}

bool Phone::wants_firmware() const {
    const auto plan = this->plan();
    return plan.upgrades && !plan.firmware_file.url.empty() &&
           is_newer(plan.firmware, settings_.identity.version);
}

bool Phone::upgrade() {
    if (!wants_firmware()) {
        return false;
    }
    const auto plan = this->plan();
    trace_.step("firmware {} is offered and {} runs: restarting to fetch it", plan.firmware,
                settings_.identity.version);
    ++report_.restarts;
    auto& row = report_.firmware.emplace();
    row.version = plan.firmware;
    const auto image = download(plan.firmware_file, row);
    if (!image) {
        row.problem = image.error().what;
        trace_.step("no update: {}", base::printable(row.problem));
        return false;
    }
    row.bytes = image->size();
    row.sha256 = base::hex(base::sha256(*image));
    trace_.step("firmware {}: {} bytes in {} requests; restarting with it", row.version, row.bytes,
                row.requests);
    ++report_.restarts; // §7.3: the second time
    settings_.identity.version = flash_.firmware = plan.firmware;
    keep_flash();
    return true;
}

base::Result<std::string> Phone::download(const FileUrl& file, FirmwareUpdate& row) {
    if (!file.fault.empty()) {
        return base::fail(base::Errc::refused, "{}", file.fault);
    }
    const auto plan = this->plan();
    Download download;
    for (bool complete = false; !complete;) {
        FileRequest request{file.url, plan.user_agent, {}, {}, http_seconds};
        request.http10 = plan.http10;
        request.follows = false;
        request.range = download.range();
        request.etag = download.etag();
        const auto others = descriptors();
        const auto answer = fetcher_->get(request, others, [this] { return hear(); });
        if (stopped_) {
            return base::fail(base::Errc::io, "stopped by a signal");
        }
        ++row.requests;
        const auto taken = download.take(answer);
        if (!taken) {
            return tl::unexpected(taken.error());
        }
        complete = *taken;
    }
    return download.bytes();
}

/// Guide §5.6: the NOTIFY has no body, and its Event is the text of CFG_RESYNC_FROM_SIP.
void Phone::on_resync(UdpPort& port, const Message& notify, base::Endpoint from) {
    const auto plan = this->plan();
    const auto event = notify.header("Event");
    trace_.step("NOTIFY ← {}, Event {}", from.str(), base::printable(event, 60));
    if (event != plan.event || !notify.body.empty()) {
        reply(port, notify, from, 489, "Bad Event");
        return;
    }
    reply(port, notify, from, 200, "OK");
    ++report_.resyncs;
    if (!settings_.stays) {
        trace_.step("  not obeyed without --stay");
    } else if (!plan.enabled) {
        trace_.step("  without effect: PROVISION_ENABLE is N");
    } else {
        order_ = Order::restart;
    }
}

} // namespace phone
