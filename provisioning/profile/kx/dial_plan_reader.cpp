// SPDX-License-Identifier: MIT
// Reads the text of a dial plan (guide §6.6.1) and says what is wrong with it.
#include "provisioning/profile/kx/dial_plan_parts.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"

#include <algorithm>

namespace profile::kx {
namespace {

constexpr std::string_view alphabet = "0123456789[-]<:>*#!SsTtXx.|+";
constexpr Keys any_digit = 0x3FF; // X stands for a digit; * # + are written out

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

class Reader {
  public:
    Reader(std::string_view plan, std::vector<DialPlanFinding>& findings)
        : plan_(plan), findings_(findings) {}

    std::vector<DialPart> read();

  private:
    template <class... Args>
    void find(Severity severity, std::size_t at, fmt::format_string<Args...> text, Args&&... args) {
        findings_.push_back({severity, at + 1, fmt::format(text, std::forward<Args>(args)...)});
    }

    void check_alphabet();
    void read_one();
    void open_part();
    void close_part();
    void add(std::size_t at, Keys keys);
    void count(std::size_t at);
    void repeat(std::size_t at);
    void end_with(std::size_t at, char sign);
    void read_seconds(std::size_t at);
    Keys read_range(std::size_t at);
    Keys read_subranges(std::size_t begin, std::string_view text);
    bool check_subrange(std::size_t at, std::string_view text, std::size_t dash);
    void read_substitution(std::size_t at);
    std::string read_sent(std::size_t begin, std::string_view text);
    void read_dialled(std::size_t end);

    std::string_view plan_;
    std::vector<DialPlanFinding>& findings_;
    std::size_t at_ = 0;
    std::vector<DialPart> parts_;
    DialPart part_;
    std::size_t digits_ = 0;                ///< to key for this part
    std::size_t sent_digits_ = 0;           ///< written behind its colons
    std::optional<std::size_t> repeatable_; ///< the first step of the element before
    std::optional<std::size_t> ended_;      ///< where its ! S T stands
};

/// Each character once, since a plan in another phone's language has many of one kind.
void Reader::check_alphabet() {
    std::string seen;
    for (std::size_t i = 0, length = 0; i < plan_.size(); i += length) {
        length = std::max<std::size_t>(base::utf8_at(plan_, i).length, 1);
        const auto character = plan_.substr(i, length);
        if (alphabet.find(character) == std::string_view::npos &&
            seen.find(character) == std::string::npos) {
            seen += character;
            find(Severity::error, i,
                 "'{}' does not belong into a dial plan; it is made of 0-9 * # + x [ - ] < : > . S "
                 "T ! |",
                 base::printable(character));
        }
    }
}

std::vector<DialPart> Reader::read() {
    check_alphabet();
    if (plan_.empty()) {
        return {};
    }
    open_part();
    while (at_ < plan_.size()) {
        read_one();
    }
    close_part();
    if (parts_.size() > most_dial_plans) {
        find(Severity::error, parts_[most_dial_plans].column - 1,
             "{} plans between |; the phone takes {}", parts_.size(), most_dial_plans);
    }
    return std::move(parts_);
}

void Reader::read_one() {
    const auto at = at_++;
    switch (const char c = plan_[at]; c) {
    case 'x':
    case 'X':
        return add(at, any_digit);
    case '[':
        return add(at, read_range(at));
    case '<':
        return read_substitution(at);
    case '.':
        return repeat(at);
    case 'S':
    case 's':
    case 'T':
    case 't':
    case '!':
        return end_with(at, c);
    case '|':
        close_part();
        return open_part();
    case ']':
    case ':':
    case '>':
        return find(Severity::error, at, "'{}' without {} before it", c, c == ']' ? '[' : '<');
    case '-':
        return find(Severity::error, at, "'-' means something between [ and ] only: [1-5]");
    default:
        if (key_set(c) != 0) {
            add(at, key_set(c));
        }
    }
}

void Reader::open_part() {
    part_ = {};
    part_.column = at_ + 1;
    digits_ = sent_digits_ = 0;
    repeatable_ = ended_ = std::nullopt;
}

void Reader::close_part() {
    const auto begin = part_.column - 1;
    auto text = plan_.substr(begin, at_ - begin);
    text.remove_suffix(!text.empty() && text.back() == '|' ? 1 : 0);
    part_.text = text;
    if (text.empty()) {
        find(Severity::warning, begin, "an empty plan; the guide does not say what it does");
    }
    if (digits_ <= most_dial_plan_digits && digits_ + sent_digits_ > most_dial_plan_digits) {
        find(Severity::warning, begin,
             "{} digits with those behind the colon; the phone takes {} in one plan, and the guide "
             "does not say whether these count",
             digits_ + sent_digits_, most_dial_plan_digits);
    }
    part_.steps.push_back({});
    parts_.push_back(std::move(part_));
}

void Reader::count(std::size_t at) {
    if (++digits_ == most_dial_plan_digits + 1) {
        find(Severity::error, at, "more than {} digits in one plan, x and ranges counted as one",
             most_dial_plan_digits);
    }
}

void Reader::add(std::size_t at, Keys keys) {
    if (ended_) {
        find(Severity::warning, *ended_,
             "'{}' does not stand at the end of its plan; the guide does not say what that means",
             plan_[*ended_]);
        ended_.reset();
    }
    count(at);
    const auto here = part_.steps.size();
    part_.steps.push_back({keys, here + 1, std::nullopt, true, {}});
    repeatable_ = here;
}

void Reader::repeat(std::size_t at) {
    if (!repeatable_) {
        return find(Severity::warning, at,
                    "'.' without a digit, x or range before it; the guide does not say what that "
                    "means");
    }
    auto& first = part_.steps[*repeatable_];
    auto& last = part_.steps.back();
    if (!first.copies) {
        find(Severity::warning, at,
             "'.' behind a substitution; the guide does not say what that means");
    }
    part_.repeats = true;
    if (first.keys != 0) { // nothing repeated is nothing
        last.next = *repeatable_;
        first.skip = part_.steps.size();
    }
    repeatable_.reset();
}

void Reader::end_with(std::size_t at, char sign) {
    if (ended_) {
        find(Severity::warning, *ended_,
             "'{}' does not stand at the end of its plan; the guide does not say what that means",
             plan_[*ended_]);
    }
    ended_ = at;
    repeatable_.reset();
    if (sign == '!') {
        part_.rejects = true;
    } else if (sign == 'T' || sign == 't') {
        part_.macro = true;
    } else {
        read_seconds(at);
    }
}

void Reader::read_seconds(std::size_t at) {
    const auto end = std::min(plan_.find_first_not_of("0123456789", at_), plan_.size());
    if (end - at_ != 1) {
        find(Severity::error, at, "'{}' takes one digit of seconds, as in 1x.S2; {}", plan_[at],
             end == at_ ? "there is none" : "there are more");
    } else {
        part_.seconds = std::chrono::seconds(plan_[at_] - '0');
    }
    at_ = end;
}

/// Reads on behind the bracket at `at`. An error leaves X, so that what follows is still read.
Keys Reader::read_range(std::size_t at) {
    const auto close = plan_.find_first_of("]|[", at_);
    if (close == std::string_view::npos || plan_[close] != ']') {
        find(Severity::error, at, "'[' without ']' behind it");
        at_ = std::min(close, plan_.size());
        return any_digit;
    }
    const auto text = plan_.substr(at_, close - at_);
    const auto begin = std::exchange(at_, close + 1);
    if (text.empty()) {
        find(Severity::error, at, "nothing between [ and ]");
        return any_digit;
    }
    const auto keys = read_subranges(begin, text);
    return keys == 0 ? any_digit : keys;
}

Keys Reader::read_subranges(std::size_t begin, std::string_view text) {
    Keys keys = 0;
    std::size_t subranges = 0;
    std::size_t singles = 0;
    bool clear = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '-') {
            clear = check_subrange(begin, text, i) && clear;
            ++subranges;
            if (i > 0 && i + 1 < text.size() && is_digit(text[i - 1]) && is_digit(text[i + 1])) {
                const auto [from, to] = std::minmax(text[i - 1], text[i + 1]);
                for (char digit = from; digit <= to; ++digit) {
                    keys |= key_set(digit);
                }
            }
        } else if (key_set(c) != 0) {
            keys |= key_set(c);
            ++singles;
            if (!is_digit(c)) {
                find(Severity::warning, begin + i,
                     "'{}' between [ and ]; the guide shows digits there and does not say more", c);
            }
        } else if (alphabet.find(c) != std::string_view::npos) {
            find(Severity::error, begin + i, "'{}' between [ and ]; digits and - stand there", c);
        }
    }
    if (clear && subranges > 0 && singles > 2) {
        find(Severity::warning, begin - 1,
             "[{}] mixes a subrange with more; the guide does not say what that means: name the "
             "digits one by one",
             base::printable(text));
    }
    return keys;
}

/// The subrange around `dash` of a text that begins at `at`; false after an error.
bool Reader::check_subrange(std::size_t at, std::string_view text, std::size_t dash) {
    const auto before = text.substr(0, dash);
    const auto after = text.substr(dash + 1);
    // npos + 1 is 0: all of it
    const auto left = before.substr(before.find_last_not_of("0123456789") + 1);
    const auto right = after.substr(0, after.find_first_not_of("0123456789"));
    if (left.empty() || right.empty()) {
        find(Severity::error, at + dash, "'-' without a digit on either side: [1-5]");
        return false;
    }
    if (left.size() > 1 && right.size() > 1) {
        find(Severity::error, at + dash, "a subrange is of single digits, like [4-9]; [{}] is none",
             base::printable(text));
        return false;
    }
    if (left.size() == 1 && left.size() < before.size() && before[before.size() - 2] == '-') {
        find(Severity::error, at + dash, "{} ends one subrange and begins another", left);
        return false;
    }
    if (left.back() > right.front()) {
        find(Severity::warning, at + dash,
             "{}-{} runs downwards, and the guide does not say what that means; write {}-{}",
             left.back(), right.front(), right.front(), left.back());
    }
    return true;
}

/// Reads on behind the bracket at `at`.
void Reader::read_substitution(std::size_t at) {
    const auto close = plan_.find_first_of(">|<", at_);
    if (close == std::string_view::npos || plan_[close] != '>') {
        find(Severity::error, at, "'<' without '>' behind it");
        at_ = std::min(close, plan_.size());
        return;
    }
    const auto colon = plan_.find(':', at_);
    if (colon >= close || plan_.find(':', colon + 1) < close) {
        find(Severity::error, at,
             "one ':' belongs between < and >, as in <101:9999>; there {} here",
             colon >= close ? "is none" : "are more");
        at_ = close + 1;
        return;
    }
    const auto first = part_.steps.size();
    part_.substitutes = true;
    read_dialled(colon);
    if (part_.steps.size() == first) {
        find(Severity::warning, at,
             "nothing before the colon; the guide does not say what it does");
        part_.steps.push_back({0, first + 1, first + 1, false, {}});
    }
    for (auto i = first; i < part_.steps.size(); ++i) {
        part_.steps[i].copies = false;
    }
    part_.steps[first].sends = read_sent(colon + 1, plan_.substr(colon + 1, close - colon - 1));
    repeatable_ = first;
    at_ = close + 1;
}

void Reader::read_dialled(std::size_t end) {
    while (at_ < end) {
        const auto at = at_++;
        const char c = plan_[at];
        if (key_set(c) != 0) {
            add(at, key_set(c));
        } else if (c == 'x' || c == 'X' || c == '[') {
            find(Severity::warning, at,
                 "'{}' between < and :; the guide shows digits there and does not say more", c);
            add(at, c == '[' ? read_range(at) : any_digit);
        } else if (alphabet.find(c) != std::string_view::npos) {
            find(Severity::error, at, "'{}' between < and :; digits stand there", c);
        }
    }
}

std::string Reader::read_sent(std::size_t begin, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (key_set(text[i]) != 0) {
            ++sent_digits_;
        } else if (alphabet.find(text[i]) != std::string_view::npos) {
            find(Severity::error, begin + i, "'{}' between : and >; the digits to send stand there",
                 text[i]);
        }
    }
    if (text.empty()) {
        find(Severity::warning, begin,
             "nothing behind the colon; the guide does not say what it "
             "does");
    }
    return std::string(text);
}

} // namespace

std::vector<DialPart> read_dial_plan(std::string_view plan,
                                     std::vector<DialPlanFinding>& findings) {
    return Reader(plan, findings).read();
}

} // namespace profile::kx
