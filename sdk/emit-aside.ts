/** A listener that throws is the application's bug; it must not cost the frame that was just taken, or a success. */
export function emitAside(emit: () => void): void {
  try {
    emit();
  } catch (error) {
    queueMicrotask(() => {
      throw error; // where everybody else's listeners throw: out of any call
    });
  }
}
