/* The scope `quotas` of the model: one user with up to its quota of each kind. Items of a kind are interchangeable,
   so the state holds only their number. */
#define KINDS 9
byte held[KINDS];
bool exists;

inline attach(kind, quota) { atomic { exists && held[kind] < quota -> held[kind]++ } }
inline detach(kind) { atomic { exists && held[kind] > 0 -> held[kind]-- } }

active proctype service() {
end:
  do
  :: atomic { !exists -> exists = true }
  :: atomic { exists && held[0] == 0 && held[1] == 0 && held[2] == 0 && held[3] == 0 && held[4] == 0 && held[5] == 0 && held[6] == 0 && held[7] == 0 && held[8] == 0 -> exists = false }
  :: attach(0, 1) :: attach(1, 2) :: attach(2, 2) :: attach(3, 5) :: attach(4, 2)
  :: attach(5, 8) :: attach(6, 3) :: attach(7, 10) :: attach(8, 10)
  :: detach(0) :: detach(1) :: detach(2) :: detach(3) :: detach(4) :: detach(5) :: detach(6) :: detach(7) :: detach(8)
  od
}
