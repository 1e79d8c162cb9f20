// Loaded before a program (`node --import`): on the signal THROW_ON a promise that nobody waits for rejects.
process.on(process.env.THROW_ON, () => {
  void Promise.reject(new Error('nobody expected this'));
});
